//! What `x-webhook` has to say: type and code, and where several schemas have both,
//! what tells them apart.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Document, pointer, text};

/// A mistake, and where it is.
pub(super) struct Mistake {
    pub(super) at: String,
    pub(super) what: String,
    pub(super) help: &'static str,
}

/// A webhook with its schema.
struct Form<'a> {
    name: &'a str,
    schema: &'a Value,
    webhook: &'a Value,
}

/// A body with some type and code has to lead to one schema at most.
pub(super) fn mistakes(document: &Document) -> Vec<Mistake> {
    let mut shared: BTreeMap<(&str, &str), Vec<Form<'_>>> = BTreeMap::new();
    for (name, schema) in document.schemas() {
        let Some(webhook) = schema.get("x-webhook") else {
            continue;
        };
        let key = (text(webhook, "type"), text(webhook, "code"));
        shared.entry(key).or_default().push(Form {
            name,
            schema,
            webhook,
        });
    }
    let mut mistakes = Vec::new();
    for ((kind, code), forms) in &shared {
        for form in forms {
            mistakes.extend(form.incomplete());
            mistakes.extend(form.condition());
            mistakes.extend(form.twin(document, forms));
        }
        mistakes.extend(ambiguity(kind, code, document, forms));
    }
    mistakes
}

fn ambiguity(kind: &str, code: &str, document: &Document, forms: &[Form<'_>]) -> Option<Mistake> {
    let is_told_apart =
        |form: &Form<'_>| form.webhook.get("when").is_some() || form.same_as(document).is_some();
    let mut rest = forms.iter().filter(|form| !is_told_apart(form));
    let first = rest.next()?;
    let count = 1 + rest.count();
    (count > 1).then(|| Mistake {
        at: first.place(),
        what: format!(
            "{count} webhooks of type `{kind}` and code `{code}` are told apart by nothing"
        ),
        help: "give all but one of them a `when:`, or a `same_as:` where nothing differs",
    })
}

impl<'a> Form<'a> {
    fn place(&self) -> String {
        pointer::join(
            &pointer::of(["components", "schemas", self.name]),
            "x-webhook",
        )
    }

    fn fields(&self) -> Option<&'a Map<String, Value>> {
        self.schema.get("properties")?.as_object()
    }

    /// The schema that stands for this one too, unless the document is a part of another
    /// and has it not.
    fn same_as(&self, document: &Document) -> Option<&'a str> {
        let name = self.webhook.get("same_as")?.as_str()?;
        document.schemas().contains_key(name).then_some(name)
    }

    fn incomplete(&self) -> Option<Mistake> {
        let is_empty = |key| text(self.webhook, key).is_empty();
        (is_empty("type") || is_empty("code")).then(|| Mistake {
            at: self.place(),
            what: "the webhook has no `type` or no `code`".to_owned(),
            help: "add what stands in `webhook_type` and `webhook_code`",
        })
    }

    fn condition(&self) -> Option<Mistake> {
        let when = self.webhook.get("when")?;
        let one = when.as_object().filter(|when| when.len() == 1);
        let is_known = |(field, kind): (&String, &Value)| {
            let fields = self.fields();
            fields.is_some_and(|fields| fields.contains_key(field))
                && matches!(kind.as_str(), Some("present" | "string"))
        };
        let is_good = one
            .and_then(|when| when.iter().next())
            .is_some_and(is_known);
        (!is_good).then(|| Mistake {
            at: self.place(),
            what: "`when` does not say what one field of the webhook is".to_owned(),
            help: "write `when: {field: present}` or `when: {field: string}`",
        })
    }

    fn twin(&self, document: &Document, forms: &[Self]) -> Option<Mistake> {
        let name = self.same_as(document)?;
        let has_all = |other: &Self| {
            let mut own = self.fields().into_iter().flatten();
            own.all(|(field, _)| other.fields().is_some_and(|f| f.contains_key(field)))
        };
        let mut others = forms.iter().filter(|other| other.name != self.name);
        let is_good = others.any(|other| other.name == name && has_all(other));
        (!is_good).then(|| Mistake {
            at: self.place(),
            what: "`same_as` does not name a webhook of this type and code with these fields"
                .to_owned(),
            help: "name one that loses nothing, or tell the two apart with `when:`",
        })
    }
}
