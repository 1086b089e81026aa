//! How the pages of a list are read: an implementation of `Paged` per operation.
//!
//! Only what differs from one operation to the next is generated, which is the names
//! of fields; what follows from them stands in `plaid::paging`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use super::refine::{Field, Kind, Refined, Type};
use super::rust_type::{inner, last_segment};
use crate::document::paging::{Paging, Style, Until};

/// What the code is made of. The fields that `paging` names have been checked.
pub(super) struct Names<'a> {
    pub(super) marker: &'a Ident,
    pub(super) paging: &'a Paging,
    pub(super) request: &'a Type,
    pub(super) response: &'a Type,
    pub(super) refined: &'a Refined,
}

impl Names<'_> {
    pub(super) fn implementation(&self) -> TokenStream {
        let marker = self.marker;
        let row = self.row();
        let paging = self.style();
        let count = self.count();
        let begin = self.begin();
        let go_to = self.go_to();
        let look = self.look();
        let retain = self.retain();
        let rows = self.rows();
        let gather = self.gather();
        let synced = (self.paging.style == Style::Sync).then(|| self.synced());
        quote! {
            impl Paged for #marker {
                type Row = #row;
                const PAGING: Paging = #paging;
                #count
                fn begin(request: &Self::Request) -> Position { #begin }
                fn go_to(request: &mut Self::Request, position: &Position, count: Option<i64>) {
                    #go_to
                }
                fn look(page: &Self::Response) -> Sight { #look }
                #retain
                fn rows(page: Self::Response) -> Vec<Self::Row> { #rows }
                fn gather(all: &mut Self::Response, mut page: Self::Response) { #gather }
            }
            #synced
        }
    }

    fn row(&self) -> TokenStream {
        if self.paging.style == Style::Sync {
            return quote!(paging::SyncUpdate);
        }
        let rows = self.paging.rows.as_deref().unwrap_or_default();
        let row = field(self.response, rows).and_then(|field| inner(&field.ty, "Vec"));
        quote!(types::#row)
    }

    fn style(&self) -> TokenStream {
        let style = match (self.paging.style, self.paging.until) {
            (Style::Cursor, Some(Until::EmptyPage)) => format_ident!("CursorUntilEmpty"),
            (Style::Cursor | Style::Sync, _) => format_ident!("Cursor"),
            (Style::Offset, _) => format_ident!("Offset"),
            (Style::AfterId, _) => format_ident!("AfterId"),
        };
        let most = match self.paging.most {
            Some(most) => quote!(Some(#most)),
            None => quote!(None),
        };
        let rows = self.paging.rows.as_deref().unwrap_or_default();
        quote!(Paging { style: Style::#style, rows: #rows, most: #most })
    }

    fn count(&self) -> Option<TokenStream> {
        let value = self.get(self.paging.count.as_deref()?);
        Some(quote! {
            fn count(request: &Self::Request) -> Option<i64> { #value }
        })
    }

    fn begin(&self) -> TokenStream {
        let paging = self.paging;
        if let Some(offset) = &paging.offset {
            let value = self.get_or_zero(offset);
            return quote!(Position::Offset(#value));
        }
        if let Some(after) = &paging.after {
            let value = self.get_or_zero(after);
            return quote!(Position::After(#value));
        }
        let cursor = ident(paging.cursor.as_deref());
        quote!(Cursor::position(&request.#cursor).unwrap_or(Position::Start))
    }

    fn go_to(&self) -> TokenStream {
        let paging = self.paging;
        let count = match &paging.count {
            Some(path) => self.set(path, |optional| match optional {
                true => quote!(count),
                false => quote!(count.unwrap_or_default()),
            }),
            None => quote!(let _ = count;),
        };
        let number = |optional: bool| match optional {
            true => quote!(Some(position.to_number())),
            false => quote!(position.to_number()),
        };
        let place = match (&paging.offset, &paging.after) {
            (Some(path), _) | (_, Some(path)) => self.set(path, number),
            (None, None) => {
                let cursor = ident(paging.cursor.as_deref());
                quote!(request.#cursor = position.to_cursor();)
            }
        };
        quote!(#count #place)
    }

    fn look(&self) -> TokenStream {
        let paging = self.paging;
        let rows = ident(paging.rows.as_deref());
        let received = match paging.style {
            Style::Sync => quote!(page.added.len() + page.modified.len() + page.removed.len()),
            _ => quote!(page.#rows.len()),
        };
        let total = paging.total.as_deref().map(|total| {
            let total = ident(Some(total));
            quote!(total: Some(page.#total),)
        });
        let more = paging.more.as_deref().map(|more| {
            let more = ident(Some(more));
            quote!(more: Some(page.#more),)
        });
        let next = paging.next.as_deref().map(|next| {
            let next = ident(Some(next));
            quote!(next: Cursor::position(&page.#next),)
        });
        let last = (paging.style == Style::AfterId).then(|| {
            let key = ident(paging.key.as_deref());
            quote!(next: page.#rows.iter().map(|row| row.#key).max().map(Position::After),)
        });
        let not_ready = paging.status.as_deref().map(|status| {
            let status = ident(Some(status));
            quote!(not_ready: paging::is_not_ready(&page.#status),)
        });
        quote!(Sight { received: #received, #total #more #next #last #not_ready ..Sight::default() })
    }

    /// Rows can come twice where they are counted, since others may be put before them.
    fn retain(&self) -> Option<TokenStream> {
        let rows = ident(Some(self.paging.rows.as_deref()?));
        let key = ident(Some(self.paging.key.as_deref()?));
        Some(quote! {
            fn retain(page: &mut Self::Response, wanted: &mut dyn FnMut(Key<'_>) -> bool) {
                page.#rows.retain(|row| wanted(Key::from(&row.#key)));
            }
        })
    }

    fn rows(&self) -> TokenStream {
        if self.paging.style == Style::Sync {
            return quote!(<Self as paging::Synced>::part(page).into_updates());
        }
        let rows = ident(self.paging.rows.as_deref());
        quote!(page.#rows)
    }

    fn gather(&self) -> TokenStream {
        let paging = self.paging;
        let changes: &[&str] = match paging.style {
            Style::Sync => &crate::document::paging::CHANGES,
            _ => &[],
        };
        let lists = paging
            .rows
            .as_deref()
            .into_iter()
            .chain(changes.iter().copied());
        let lists = lists.map(|list| {
            let list = ident(Some(list));
            quote!(paging::append(&mut all.#list, &mut page.#list);)
        });
        let with = paging.with.iter().map(|(list, key)| {
            let (list, key) = (ident(Some(list)), ident(Some(key)));
            quote!(paging::unite(&mut all.#list, &mut page.#list, |row| &row.#key);)
        });
        quote!(#(#lists)* #(#with)* *all = page;)
    }

    fn synced(&self) -> TokenStream {
        let marker = self.marker;
        let paging = self.paging;
        let (next, more) = (ident(paging.next.as_deref()), ident(paging.more.as_deref()));
        let status = ident(paging.status.as_deref());
        let accounts = ident(paging.accounts.as_deref());
        let ty = field(
            self.response,
            paging.accounts.as_deref().unwrap_or_default(),
        );
        let ty = ty.map(|field| &field.ty);
        let (account, accounts) = match ty.and_then(|ty| inner(ty, "Vec")) {
            Some(account) => (Some(account), quote!(page.#accounts)),
            None => (
                ty.and_then(|ty| inner(ty, "Option")),
                quote!(page.#accounts.into_iter().collect()),
            ),
        };
        quote! {
            impl paging::Synced for #marker {
                type Account = types::#account;
                fn account_id(account: &Self::Account) -> &String { &account.account_id }
                fn part(page: Self::Response) -> paging::SyncPage<Self::Account> {
                    paging::SyncPage {
                        accounts: #accounts,
                        added: page.added,
                        modified: page.modified,
                        removed: page.removed,
                        next_cursor: page.#next,
                        has_more: page.#more,
                        status: page.#status,
                    }
                }
            }
        }
    }

    /// The value of a request's field as an `Option<i64>`.
    fn get(&self, path: &str) -> TokenStream {
        let Some((outer, name)) = path.split_once('.') else {
            let name = ident(Some(path));
            return match self.is_optional(self.request, path) {
                true => quote!(request.#name),
                false => quote!(Some(request.#name)),
            };
        };
        let (outer, name) = (ident(Some(outer)), ident(Some(name)));
        quote!(request.#outer.as_ref().and_then(|#outer| #outer.#name))
    }

    /// The value of a request's field as an `i64`.
    fn get_or_zero(&self, path: &str) -> TokenStream {
        if !path.contains('.') && !self.is_optional(self.request, path) {
            let name = ident(Some(path));
            return quote!(request.#name);
        }
        let value = self.get(path);
        quote!(#value.unwrap_or_default())
    }

    /// Sets a request's field to a value, of which it is told whether it is optional.
    fn set(&self, path: &str, value: impl Fn(bool) -> TokenStream) -> TokenStream {
        let Some((outer, name)) = path.split_once('.') else {
            let value = value(self.is_optional(self.request, path));
            let name = ident(Some(path));
            return quote!(request.#name = #value;);
        };
        let nested = field(self.request, outer).and_then(|field| inner(&field.ty, "Option"));
        let nested = nested
            .as_ref()
            .and_then(last_segment)
            .and_then(|segment| self.refined.types.get(&segment.ident.to_string()));
        let value = value(nested.is_some_and(|ty| self.is_optional(ty, name)));
        let (outer, name) = (ident(Some(outer)), ident(Some(name)));
        quote! {
            request.#outer.get_or_insert(plaid_gen::wire::Generated::EMPTY).#name = #value;
        }
    }

    fn is_optional(&self, ty: &Type, name: &str) -> bool {
        field(ty, name).is_some_and(|field| inner(&field.ty, "Option").is_some())
    }
}

fn field<'a>(ty: &'a Type, name: &str) -> Option<&'a Field> {
    let Kind::Record(fields) = &ty.kind else {
        return None;
    };
    fields.iter().find(|field| field.facts.name == name)
}

/// None of the fields that pages are read by is a word of Rust's.
fn ident(name: Option<&str>) -> Ident {
    format_ident!("{}", name.unwrap_or("missing"))
}
