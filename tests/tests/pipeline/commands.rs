//! What the commands of `cargo xtask` do to a repository: mistakes are named and
//! change nothing, what is generated is what the description says, and an operation
//! can be taken from a document of any size.

use crate::repository;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::repository::{files, tree};
use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::commands::{add, generate};
use xtask::document::reach::{self, Graph};
use xtask::document::{Document, SCHEMA_PREFIX, load, text};
use xtask::emit::{self, Output, tree as emitted};
use xtask::report::Report;

const TYPES: &str = "plaid-gen/src/generated/types/accounts.rs";

/// A repository of its own, with nothing in it but a description of the API.
struct Repository(TempDir);

impl Repository {
    /// Two small operations and a webhook.
    fn small() -> Self {
        Self::of("gates")
    }

    /// As [`small`](Self::small), with the code that it becomes.
    fn generated() -> Self {
        Self::generated_of("gates")
    }

    /// A small document, by its name.
    fn of(name: &str) -> Self {
        Self::with(&[
            ("plaid", repository::document("plaid")),
            (name, repository::document(name)),
        ])
    }

    /// A small document, with the code that it becomes.
    fn generated_of(name: &str) -> Self {
        let repository = Self::of(name);
        repository.generate().unwrap();
        repository
    }

    /// The description of this repository.
    fn whole() -> Self {
        let folder = repository::root().join("openapi");
        let files = files(&folder).into_iter();
        Self(repository::folder_of(files.map(|(name, bytes)| {
            (Path::new("openapi").join(name), bytes)
        })))
    }

    fn with(documents: &[(&str, String)]) -> Self {
        let files = documents
            .iter()
            .map(|(name, text)| (format!("openapi/{name}.yaml"), text));
        Self(repository::folder_of(files))
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Replaces a text that stands in a file once.
    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert_eq!(text.matches(from).count(), 1, "{from:?} in {name}");
        fs::write(self.path(name), text.replace(from, to)).unwrap();
    }

    fn generate(&self) -> Result<(), String> {
        self.run(false)
    }

    fn check(&self) -> Result<(), String> {
        self.run(true)
    }

    fn run(&self, check: bool) -> Result<(), String> {
        let outcome = generate::run(self.root(), check, &mut Report::silent());
        outcome.map_err(|error| format!("{error:#}"))
    }

    fn add(&self, wanted: &str, from: &Path) -> Result<(), String> {
        let outcome = add::run(
            self.root(),
            &[wanted.to_owned()],
            from,
            &mut Report::silent(),
        );
        outcome.map_err(|error| format!("{error:#}"))
    }

    fn document(&self) -> Document {
        load::folder(&self.path("openapi")).unwrap()
    }

    fn outputs(&self) -> Vec<Output> {
        emit::run(&self.document(), &mut Report::silent()).unwrap()
    }

    /// Where a text begins, as errors write it: `gates.yaml:12:`.
    fn place(&self, name: &str, of: &str) -> String {
        let text = self.read(&format!("openapi/{name}"));
        let offset = text
            .find(of)
            .unwrap_or_else(|| panic!("{of:?} is not in {name}"));
        format!("{name}:{}:", text[..offset].matches('\n').count() + 1)
    }

    /// `generate` fails with an error that says all of this, and writes nothing.
    fn assert_refused(&self, says: &[&str]) {
        let before = tree(self.root());
        let error = self.generate().unwrap_err();
        for part in says {
            assert!(error.contains(part), "{part:?} is missing in:\n{error}");
        }
        assert!(tree(self.root()) == before, "something was written");
    }

    /// `generate --check` fails and writes nothing; `generate` puts things right.
    fn assert_stale(&self) {
        let before = tree(self.root());
        let error = self.check().unwrap_err();
        assert!(error.contains("cargo xtask generate"), "{error}");
        assert!(tree(self.root()) == before, "a check has written something");
        self.generate().unwrap();
        self.check().unwrap();
    }
}

// Mistakes in a document.

/// Makes a mistake in a small document, in a repository whose code is up to date.
/// `at` is the text that the error has to point to.
fn assert_mistake(from: &str, to: &str, at: &str, says: &[&str]) {
    let repository = Repository::generated();
    repository.edit("openapi/gates.yaml", from, to);
    let place = repository.place("gates.yaml", at);
    repository.assert_refused(&[says, &[&place, "help: "]].concat());
}

/// Makes a mistake in what a list says of its pages.
fn assert_paging_mistake(from: &str, to: &str, at: &str, says: &[&str]) {
    let repository = Repository::generated_of("paging");
    repository.edit("openapi/paging.yaml", from, to);
    let place = repository.place("paging.yaml", at);
    repository.assert_refused(&[says, &[&place, "help: "]].concat());
}

#[test]
fn a_reference_to_nothing() {
    assert_mistake(
        "Only of auth.\n      type: object\n      properties:\n        account:\n          $ref: '#/components/schemas/Account'",
        "Only of auth.\n      type: object\n      properties:\n        account:\n          $ref: '#/components/schemas/Acount'",
        "$ref: '#/components/schemas/Acount'",
        &["a reference to `Acount`, which no file describes"],
    );
}

#[test]
fn a_reference_to_something_else_than_a_schema() {
    assert_mistake(
        "$ref: '#/components/schemas/AuthGetResponse'",
        "$ref: 'auth.yaml#/AuthGetResponse'",
        "$ref: 'auth.yaml#/AuthGetResponse'",
        &["`auth.yaml#/AuthGetResponse`, which is not a schema"],
    );
}

#[test]
fn an_operation_id_twice() {
    let repository = Repository::generated();
    repository.edit(
        "openapi/gates.yaml",
        "operationId: authGet",
        "operationId: accountsGet #2",
    );
    let first = repository.place("gates.yaml", "operationId: accountsGet");
    let second = repository.place("gates.yaml", "operationId: accountsGet #2");
    repository.assert_refused(&[
        &first,
        &second,
        "`accountsGet` is taken already",
        "another id",
    ]);
}

#[test]
fn a_field_without_description() {
    assert_mistake(
        "          description: What is on it.\n",
        "",
        "balance:",
        &[
            "the field `balance` of `Account` has no description",
            "add `description",
        ],
    );
}

#[test]
fn a_schema_without_description() {
    assert_mistake(
        "      description: Of accounts and auth.\n",
        "",
        "Account:\n",
        &[
            "the schema `Account` has no description",
            "add `description",
        ],
    );
}

#[test]
fn an_operation_without_description() {
    assert_mistake(
        "      description: Answers with every account and its number.\n",
        "",
        "post:\n      tags:\n      - auth",
        &["the operation has no description", "add `description"],
    );
}

#[test]
fn a_tag_that_is_no_product() {
    assert_mistake(
        "- auth\n",
        "- ath\n",
        "tags:\n      - ath",
        &["the tag `ath` is not a product", "plaid.yaml"],
    );
}

#[test]
fn a_choice_between_schemas() {
    assert_mistake(
        "          description: What is on it.\n          type: number\n",
        "          description: What is on it.\n          oneOf:\n          - type: number\n          - type: string\n",
        "oneOf:",
        &[
            "`Account.balance` uses `oneOf`",
            "one object with optional fields",
        ],
    );
}

#[test]
fn a_required_field_that_does_not_exist() {
    assert_mistake(
        "      - account_id\n",
        "      - acount_id\n",
        "required:\n      - acount_id",
        &["requires the field `acount_id`, which it does not have"],
    );
}

#[test]
fn a_parameter_in_the_query() {
    assert_mistake(
        "      operationId: authGet\n",
        "      operationId: authGet\n      parameters:\n      - name: page\n        in: query\n        description: Which page.\n",
        "- name: page",
        &["a parameter in `query`", "`path` and `header`"],
    );
}

#[test]
fn pages_of_a_style_that_nobody_knows() {
    assert_paging_mistake(
        "style: offset",
        "style: ofset",
        "x-paging:\n        style: ofset",
        &["`x-paging` cannot be understood", "ofset"],
    );
}

#[test]
fn pages_that_do_not_say_by_what_the_next_is_asked_for() {
    assert_paging_mistake(
        "        cursor: cursor\n",
        "",
        "x-paging:\n        style: cursor",
        &["`x-paging` does not say `cursor`"],
    );
}

#[test]
fn pages_by_fields_that_do_not_exist() {
    let no_field = "the request has no field `options.ofset`";
    assert_paging_mistake(
        "offset: options.offset",
        "offset: options.ofset",
        "offset: options.ofset",
        &[no_field, "correct the name"],
    );
    assert_paging_mistake(
        "next: next_cursor",
        "next: next",
        "next: next\n",
        &["the answer has no field `next`"],
    );
    assert_paging_mistake(
        "rows: events",
        "rows: event",
        "rows: event\n",
        &["the answer has no field `event`"],
    );
}

#[test]
fn rows_that_are_known_by_a_field_they_do_not_have() {
    assert_paging_mistake(
        "key: event_id",
        "key: id",
        "key: id",
        &["the entries of `events` have no field `id`"],
    );
}

#[test]
fn an_operation_that_never_succeeds() {
    assert_mistake(
        "        '200':\n          description: The numbers.",
        "        '400':\n          description: The numbers.",
        "post:\n      tags:\n      - auth",
        &["no successful response"],
    );
}

#[test]
fn two_schemas_of_one_name_in_rust() {
    assert_mistake(
        "    AuthGetResponse:\n",
        "    account:\n      description: Of the same name.\n      type: object\n    AuthGetResponse:\n",
        "account:\n      description: Of the same name.",
        &["both called `Account` in Rust", "rename"],
    );
}

#[test]
fn webhooks_that_nothing_tells_apart() {
    let first = "    AccountRemovedWebhook:\n";
    let twin = "    AnotherWebhook:\n      description: Shares type and code.\n      \
                type: object\n      x-webhook:\n        type: ACCOUNTS\n        code: REMOVED\n";
    let repository = Repository::generated();
    repository.edit("openapi/gates.yaml", first, &format!("{twin}{first}"));
    repository.assert_refused(&[
        "gates.yaml:",
        "2 webhooks of type `ACCOUNTS` and code `REMOVED`",
        "`when:`",
        "`same_as:`",
    ]);
}

#[test]
fn a_webhook_that_says_nothing_of_use() {
    let code = "        code: REMOVED\n";
    for (to, what) in [
        (String::new(), "no `type` or no `code`"),
        (
            format!("{code}        when:\n          nothing: present\n"),
            "one field of the webhook",
        ),
        (
            format!("{code}        when:\n          account_id: here\n"),
            "one field of the webhook",
        ),
        (
            format!("{code}        same_as: Account\n"),
            "a webhook of this type and code",
        ),
        (
            format!("{code}        same_as: AccountRemovedWebhook\n"),
            "a webhook of this type and code",
        ),
    ] {
        assert_mistake(code, &to, "x-webhook:", &[what]);
    }
}

#[test]
fn a_document_of_another_version() {
    for (version, found) in [
        ("openapi: '3.1.0'", "it says `openapi: 3.1.0`"),
        ("openapi: 3.0", "it has no `openapi` version"),
        ("swagger: '2.0'", "it has no `openapi` version"),
        ("title: none", "it has no `openapi` version"),
    ] {
        let repository = Repository::generated();
        repository.edit("openapi/gates.yaml", "openapi: '3.0.3'", version);
        repository.assert_refused(&[
            "gates.yaml is not an OpenAPI 3.0 document",
            found,
            "`openapi: 3.0.3`",
        ]);
    }
}

#[test]
fn what_is_not_yaml() {
    assert_mistake(
        "components:\n",
        "components: [\n",
        "AccountsGetResponse:\n",
        &["not YAML"],
    );
    assert_mistake(
        "components:\n",
        "\tcomponents:\n",
        "\tcomponents:",
        &["not YAML"],
    );
}

#[test]
fn what_yaml_allows_and_nobody_means() {
    assert_mistake(
        "          description: What is on it.\n",
        "          description: What is on it.\n          description: Twice.\n",
        "description: Twice.",
        &["the key `description` stands twice"],
    );
    assert_mistake(
        "type: number",
        "type: &number number\n          x: *number",
        "*number",
        &["aliases"],
    );
}

#[test]
fn what_is_not_text() {
    let repository = Repository::generated();
    fs::write(
        repository.path("openapi/gates.yaml"),
        b"openapi: '3.0.3'\ntitle: Z\xfcrich\n",
    )
    .unwrap();
    repository.assert_refused(&["gates.yaml: not UTF-8 text", "save it as UTF-8"]);
}

#[test]
fn no_document_at_all() {
    let repository = Repository::generated();
    for name in ["plaid", "gates"] {
        fs::remove_file(repository.path(&format!("openapi/{name}.yaml"))).unwrap();
    }
    repository.assert_refused(&["no .yaml file in ", "openapi"]);
    fs::remove_dir(repository.path("openapi")).unwrap();
    repository.assert_refused(&["cannot read ", "openapi"]);
}

#[test]
fn a_path_in_two_files() {
    let repository = Repository::generated();
    let copy = repository.read("openapi/gates.yaml");
    repository::write(
        &repository.path("openapi/more.yaml"),
        copy.split("components:").next().unwrap(),
    );
    let place = repository.place("more.yaml", "/accounts/get:");
    repository.assert_refused(&[
        &place,
        "`/accounts/get` is described in another file already",
        "keep one",
    ]);
}

#[test]
fn all_mistakes_are_named_at_once() {
    let repository = Repository::generated();
    repository.edit(
        "openapi/gates.yaml",
        "          description: What is on it.\n",
        "",
    );
    repository.edit("openapi/gates.yaml", "- auth\n", "- ath\n");
    let field = repository.place("gates.yaml", "balance:");
    let tag = repository.place("gates.yaml", "tags:\n      - ath");
    repository.assert_refused(&[&field, &tag]);
}

// Mistakes that show late.

#[test]
fn two_operations_with_one_method() {
    let repository = Repository::generated();
    repository.edit(
        "openapi/gates.yaml",
        "operationId: authGet\n",
        "operationId: authGet\n      x-method: get\n",
    );
    repository.edit("openapi/gates.yaml", "- auth\n", "- accounts\n");
    repository.assert_refused(&["would have the method `get`", "/auth/get", "x-method"]);
}

#[test]
fn a_product_without_a_feature() {
    let repository = Repository::generated();
    let manifest = "[features]\nfull = [\"accounts\"]\naccounts = []\nwebhooks = []\n";
    repository::write(&repository.path("plaid-gen/Cargo.toml"), manifest);
    repository.edit("openapi/gates.yaml", "What is on it.", "What stands on it.");
    repository.assert_refused(&["plaid-gen/Cargo.toml has no feature `auth`", "[features]"]);
}

#[test]
fn a_place_that_cannot_be_written_to() {
    let repository = Repository::generated();
    let types = repository.path("plaid-gen/src/generated/types");
    fs::remove_dir_all(&types).unwrap();
    fs::write(&types, "in the way").unwrap();
    repository.edit("openapi/gates.yaml", "What is on it.", "What stands on it.");
    repository.assert_refused(&["plaid-gen/src/generated/types"]);
}

// What is generated, and whether it is up to date.

#[test]
fn the_committed_code_is_what_the_description_becomes() {
    generate::run(&repository::root(), true, &mut Report::silent()).unwrap();
}

#[test]
fn a_check_passes_until_a_file_is_edited_by_hand() {
    let repository = Repository::generated();
    repository.check().unwrap();
    repository.edit(TYPES, "/// Only of accounts.", "/// Edited.");
    repository.assert_stale();
    assert!(repository.read(TYPES).contains("/// Only of accounts."));
}

#[test]
fn a_check_notices_a_file_that_is_missing() {
    let repository = Repository::generated();
    fs::remove_file(repository.path(TYPES)).unwrap();
    repository.assert_stale();
}

#[test]
fn a_check_notices_a_file_too_many() {
    for extra in [
        "plaid-gen/src/generated/types/cards.rs",
        "plaid/src/generated/cards/mod.rs",
    ] {
        let repository = Repository::generated();
        repository::write(&repository.path(extra), "//! By hand.\n");
        repository.assert_stale();
        assert!(!repository.path(extra).exists());
    }
}

#[test]
fn a_check_notices_a_change_of_the_description() {
    let repository = Repository::generated();
    repository.edit(
        "openapi/gates.yaml",
        "description: What is on it.",
        "description: What lies on it.",
    );
    repository.assert_stale();
    let shared = repository.read("plaid-gen/src/generated/types/shared.rs");
    assert!(shared.contains("/// What lies on it."));
}

/// It is printed by `generate --check`, for whoever has to find out what is wrong.
#[test]
fn the_difference_is_shown_line_by_line() {
    let repository = Repository::generated();
    repository.edit(TYPES, "/// Only of accounts.", "/// Edited.");
    let extra = "plaid/src/generated/cards.rs";
    repository::write(&repository.path(extra), "//! By hand.\n");
    let changes = emitted::compare(repository.root(), &repository.outputs()).unwrap();
    let diff = emitted::diff(repository.root(), &changes);
    for line in [
        &format!("--- a/{TYPES}"),
        &format!("+++ b/{TYPES}"),
        "-/// Edited.",
        "+/// Only of accounts.",
        &format!("--- a/{extra}"),
        "+++ /dev/null",
    ] {
        assert!(
            diff.lines().any(|found| found == line),
            "{line} is missing in:\n{diff}"
        );
    }
    assert!(diff.lines().count() < 20, "only what differs:\n{diff}");
}

#[test]
fn a_second_run_changes_nothing() {
    let repository = Repository::generated();
    let before = tree(repository.root());
    repository.generate().unwrap();
    assert!(tree(repository.root()) == before);
}

// Operations from another document.

/// Three operations at once: the pipeline takes ten seconds for the whole API.
#[test]
fn an_operation_that_is_deleted_and_added_back_gives_the_same_code() {
    let old = Repository::whole();
    let new = Repository::whole();
    let paths = [
        "/processor/stripe/bank_account_token/create",
        "/fdx/consents/{consentId}",
        "/link/token/create",
    ];
    for path in paths {
        let removed = delete_operation(&new, path);
        assert!(!removed.is_empty(), "{path} has no schema of its own");
        assert!(!new.document().paths().contains_key(path), "{path}");
    }
    for path in paths {
        new.add(path, &old.path("openapi")).unwrap();
    }
    // What the committed description becomes is committed.
    let changes = emitted::compare(&repository::root(), &new.outputs()).unwrap();
    let different: Vec<_> = changes.write.iter().map(|output| &output.path).collect();
    assert_eq!((different, changes.remove), Default::default());
}

/// What is described already has been written with care, and stays.
#[test]
fn adding_what_is_there_changes_nothing() {
    let repository = Repository::small();
    let other = Repository::small();
    other.edit(
        "openapi/gates.yaml",
        "description: What is on it.",
        "description: Something else.",
    );
    let before = tree(repository.root());
    repository
        .add("/accounts/get", &other.path("openapi"))
        .unwrap();
    assert!(tree(repository.root()) == before);
}

#[test]
fn an_operation_is_taken_from_a_document_of_70_000_lines() {
    let big = big_document();
    let repository = Repository::generated();
    let started = Instant::now();
    repository
        .add("/transactions/sync/v3", &big.path("openapi/big.yaml"))
        .unwrap();
    // It takes one or two; this is for what would take an hour.
    assert!(started.elapsed() < Duration::from_secs(60));
    // By its id, and a webhook by its name.
    repository
        .add("accountsGetV2", &big.path("openapi/big.yaml"))
        .unwrap();
    repository
        .add(
            "SyncUpdatesAvailableWebhookV1",
            &big.path("openapi/big.yaml"),
        )
        .unwrap();
    repository.generate().unwrap();
    let types = repository.read("plaid-gen/src/generated/types/transactions.rs");
    assert!(types.contains("pub struct TransactionsSyncResponseV3"));
    assert!(
        repository
            .read(TYPES)
            .contains("pub struct AccountsGetRequestV2")
    );
    assert_only_what_is_needed(&repository);
}

/// No examples, no extensions of others, none of the hundreds of other operations.
fn assert_only_what_is_needed(repository: &Repository) {
    let document = repository.document();
    let paths: Vec<&String> = document.paths().keys().collect();
    assert_eq!(
        paths,
        [
            "/accounts/get",
            "/accounts/get/v2",
            "/auth/get",
            "/transactions/sync/v3"
        ]
    );
    for (name, text) in files(&repository.path("openapi")) {
        let text = String::from_utf8(text).unwrap();
        for line in text.lines() {
            let noise = [
                "example:",
                "examples:",
                "title: Model",
                "x-hidden",
                "x-plaid",
                "x-prose",
                "application/xml",
            ];
            let is_noise = noise.iter().any(|key| line.trim_start().starts_with(key));
            let is_of_others = ["V4", "V5"].iter().any(|copy| line.contains(copy));
            assert!(!is_noise && !is_of_others, "{}: {line}", name.display());
        }
    }
}

#[test]
fn a_mistyped_path_is_answered_with_the_right_one() {
    let whole = repository::root().join("openapi");
    let repository = Repository::generated();
    let before = tree(repository.root());
    for wanted in ["/transaction/sync", "/trnasactions/sync"] {
        let error = repository.add(wanted, &whole).unwrap_err();
        assert!(error.contains(&format!("has no {wanted}")), "{error}");
        let (_, advice) = error.split_once("; did you mean ").unwrap();
        assert!(advice.contains("/transactions/sync"), "{error}");
    }
    let error = repository.add("/nothing/like/it", &whole).unwrap_err();
    assert!(!error.contains("did you mean"), "{error}");
    assert!(tree(repository.root()) == before, "something was written");
}

/// Deletes an operation, and the schemas that nothing else needs.
fn delete_operation(repository: &Repository, path: &str) -> BTreeSet<String> {
    let document = repository.document();
    let graph = Graph::of(&document);
    let (own, others): (Vec<_>, Vec<_>) = document.operations().partition(|(p, _, _)| *p == path);
    let needed_by = |operations: Vec<(&str, &str, &Value)>| {
        graph.closure(
            operations
                .iter()
                .flat_map(|(_, _, operation)| reach::direct(operation)),
        )
    };
    let is_webhook = |(_, schema): &(&String, &Value)| schema.get("x-webhook").is_some();
    let webhooks = document.schemas().iter().filter(is_webhook);
    let kept = graph.closure(webhooks.map(|(name, _)| name.clone()));
    let kept = &kept | &needed_by(others);
    let removed = &needed_by(own) - &kept;
    for name in files(&repository.path("openapi")).into_keys() {
        let file = repository.path("openapi").join(name);
        let mut text = without_entry(&fs::read_to_string(&file).unwrap(), 2, path);
        for schema in &removed {
            text = without_entry(&text, 4, schema);
        }
        fs::write(&file, text).unwrap();
    }
    removed
}

/// A file without one entry of a mapping that is indented so far.
fn without_entry(text: &str, indent: usize, key: &str) -> String {
    let heads = [format!("{key}:"), format!("'{key}':")];
    let mut inside = false;
    let keep = |line: &&str| {
        let depth = line.len() - line.trim_start().len();
        if depth <= indent {
            inside = depth == indent && heads.iter().any(|head| head == line.trim());
        }
        !inside
    };
    text.split_inclusive('\n').filter(keep).collect()
}

// A document like Plaid's own.

const COPIES: usize = 5;

/// Our operations several times over under other names, with all that a published
/// document has and nobody needs for a call.
fn big_document() -> Repository {
    let document = repository::openapi();
    let mut text = "openapi: 3.0.0\nservers:\n- url: https://example.com\ninfo:\n  title: Big\n  version: '1'\n".to_owned();
    text += "x-prose: |\n";
    text += &"  | A | table |\n\n  # and `text`: with \"marks\"\n".repeat(2_000);
    text += "paths:\n";
    for (copy, (path, item)) in copies(document.paths()) {
        let mut item = renamed(item, copy);
        add_noise_to_operations(&mut item, copy);
        text += &text::entry(&format!("{path}/v{copy}"), &item, 2);
    }
    text += "components:\n  parameters:\n    Unused:\n      name: unused\n      in: query\n  schemas:\n";
    for (copy, (name, schema)) in copies(document.schemas()) {
        let mut schema = renamed(schema, copy);
        schema["title"] = json!(format!("Model {name}"));
        schema["example"] = json!({"id": name, "list": [1, 2, {"deep": "example"}]});
        schema["x-plaid-internal"] = json!(true);
        text += &text::entry(&format!("{name}V{copy}"), &schema, 4);
    }
    assert!(
        text.lines().count() > 70_000,
        "{} lines",
        text.lines().count()
    );
    Repository::with(&[("big", text)])
}

fn copies(
    entries: &serde_json::Map<String, Value>,
) -> impl Iterator<Item = (usize, (&String, &Value))> {
    (1..=COPIES).flat_map(move |copy| entries.iter().map(move |entry| (copy, entry)))
}

/// The same with other names, for operations and schemas alike.
fn renamed(node: &Value, copy: usize) -> Value {
    match node {
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| (key.clone(), renamed_at(key, value, copy)))
            .collect(),
        Value::Array(list) => list.iter().map(|value| renamed(value, copy)).collect(),
        other => other.clone(),
    }
}

fn renamed_at(key: &str, value: &Value, copy: usize) -> Value {
    match value.as_str() {
        Some(target) if key == "$ref" && target.starts_with(SCHEMA_PREFIX) => {
            json!(format!("{target}V{copy}"))
        }
        Some(id) if key == "operationId" => json!(format!("{id}V{copy}")),
        _ => renamed(value, copy),
    }
}

/// Plaid's own document has one tag for everything.
fn add_noise_to_operations(item: &mut Value, copy: usize) {
    for operation in item.as_object_mut().unwrap().values_mut() {
        operation["tags"] = json!(["plaid"]);
        operation.as_object_mut().unwrap().remove("x-method");
        operation["x-hidden"] = json!(copy % 2 == 1);
        operation["x-plaid-business-unit"] = json!({"owner": "nobody"});
        let responses = operation["responses"].as_object_mut().unwrap();
        for content in responses
            .values_mut()
            .filter_map(|response| response.get_mut("content"))
        {
            let content = content.as_object_mut().unwrap();
            if let Some(body) = content.get_mut("application/json") {
                body["examples"] =
                    json!({"example-1": {"value": {"request_id": "example", "list": [1]}}});
                content.insert(
                    "application/xml".to_owned(),
                    json!({"schema": {"type": "string"}}),
                );
            }
        }
    }
}
