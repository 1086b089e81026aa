//! The modules of a crate, and the paths that stand in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Item, Lit, Meta, UseTree};

/// The names of modules from the root, which has none.
pub(crate) type Place = Vec<String>;

/// A path as it is written.
pub(crate) type Written = Vec<String>;

/// A module with its own file, or inside of another's.
#[derive(Default)]
pub(crate) struct Module {
    pub(crate) file: PathBuf,
    /// Submodules in their order.
    pub(crate) children: Vec<String>,
    /// Items that are defined in it.
    items: BTreeSet<String>,
    /// Names that it imports, also for others.
    imported: BTreeMap<String, Written>,
    /// Modules of which it imports everything.
    globs: Vec<Written>,
    /// Every path in it.
    pub(crate) paths: Vec<Written>,
}

/// All modules below a root.
pub(crate) struct Code {
    pub(crate) modules: BTreeMap<Place, Module>,
}

impl Code {
    pub(crate) fn of(root: &Path) -> Self {
        let mut code = Self {
            modules: BTreeMap::new(),
        };
        let folder = root.parent().unwrap();
        code.read_file(Vec::new(), root, folder);
        code
    }

    /// Reads a file whose submodules stand in a folder.
    fn read_file(&mut self, place: Place, file: &Path, folder: &Path) {
        let text = fs::read_to_string(file).unwrap();
        let parsed = syn::parse_file(&text);
        let parsed = parsed.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.read_items(place, file, folder, parsed.items);
    }

    fn read_items(&mut self, place: Place, file: &Path, folder: &Path, items: Vec<Item>) {
        let mut module = Module {
            file: file.to_owned(),
            ..Module::default()
        };
        for item in items.into_iter().filter(|item| !is_for_tests(item)) {
            match item {
                Item::Use(line) if line.leading_colon.is_none() => {
                    module.import(&line.tree, &mut Vec::new());
                }
                Item::Mod(child) => {
                    let name = child.ident.to_string();
                    let place = [place.as_slice(), std::slice::from_ref(&name)].concat();
                    module.children.push(name.clone());
                    match child.content {
                        Some((_, items)) => {
                            self.read_items(place, file, &folder.join(&name), items);
                        }
                        None => {
                            let (file, folder) = find(file, folder, &name, &child.attrs);
                            self.read_file(place, &file, &folder);
                        }
                    }
                }
                item => {
                    module.items.extend(name_of(&item));
                    Paths(&mut module.paths).visit_item(&item);
                }
            }
        }
        self.modules.insert(place, module);
    }

    /// The module that has what a path means, which stands in a module; `None` if that
    /// is not of this crate.
    pub(crate) fn target(&self, from: &Place, path: &[String]) -> Option<Place> {
        self.follow(from, path, 0)
    }

    fn follow(&self, from: &Place, path: &[String], depth: u32) -> Option<Place> {
        // Two modules that import everything of each other.
        if depth > 16 {
            return None;
        }
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.find(Vec::new(), rest, depth),
            "self" => self.find(from.clone(), rest, depth),
            "super" => {
                let parent = from.split_last().map(|(_, parent)| parent.to_vec())?;
                let rest: Vec<String> = rest.to_vec();
                match rest.first().map(String::as_str) {
                    Some("super") => self.follow(&parent, &rest, depth),
                    _ => self.find(parent, &rest, depth),
                }
            }
            name => {
                let module = self.modules.get(from)?;
                if module.children.iter().any(|child| child == name) {
                    return self.find(from.clone(), path, depth);
                }
                let imported = module.imported.get(name)?;
                // `use name::Other as name` and the like lead out of the crate.
                let is_itself = imported.first() == Some(first);
                let whole = [imported.as_slice(), rest].concat();
                (!is_itself).then(|| self.follow(from, &whole, depth + 1))?
            }
        }
    }

    /// The module that has what a path from a place means.
    fn find(&self, place: Place, path: &[String], depth: u32) -> Option<Place> {
        match self.definite(&place, path, depth) {
            Some(found) => found,
            // What a macro has made.
            None => Some(place),
        }
    }

    /// `None` if the module has no such name, `Some(None)` if it is another crate's.
    fn definite(&self, place: &Place, path: &[String], depth: u32) -> Option<Option<Place>> {
        let Some((first, rest)) = path.split_first() else {
            return Some(Some(place.clone()));
        };
        let module = self.modules.get(place)?;
        if module.children.contains(first) {
            let child = [place.as_slice(), std::slice::from_ref(first)].concat();
            return Some(self.find(child, rest, depth));
        }
        if module.items.contains(first) {
            return Some(Some(place.clone()));
        }
        if let Some(imported) = module.imported.get(first) {
            let whole = [imported.as_slice(), rest].concat();
            return Some(self.follow(place, &whole, depth + 1));
        }
        module.globs.iter().find_map(|glob| {
            let glob = self.follow(place, glob, depth + 1)?;
            (glob != *place).then(|| self.definite(&glob, path, depth + 1))?
        })
    }
}

impl Module {
    /// Takes note of what a `use` line imports.
    fn import(&mut self, tree: &UseTree, path: &mut Written) {
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.import(&part.tree, path);
                path.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, path);
                }
            }
            UseTree::Name(name) if name.ident == "self" => self.name(path.clone(), None),
            UseTree::Name(name) => {
                let whole = [path.as_slice(), &[name.ident.to_string()]].concat();
                self.name(whole, None);
            }
            UseTree::Rename(renamed) => {
                let whole = [path.as_slice(), &[renamed.ident.to_string()]].concat();
                self.name(whole, Some(renamed.rename.to_string()));
            }
            UseTree::Glob(_) => {
                self.globs.push(path.clone());
                self.paths.push(path.clone());
            }
        }
    }

    fn name(&mut self, path: Written, name: Option<String>) {
        if let Some(name) = name.or_else(|| path.last().cloned()) {
            self.imported.insert(name, path.clone());
        }
        self.paths.push(path);
    }
}

/// The file of a submodule, and the folder of that one's own.
fn find(file: &Path, folder: &Path, name: &str, attributes: &[Attribute]) -> (PathBuf, PathBuf) {
    if let Some(path) = attributes.iter().find_map(path_attribute) {
        let file = file.parent().unwrap().join(path);
        let folder = file.parent().unwrap().to_owned();
        return (file, folder);
    }
    let folder = folder.join(name);
    let beside = folder.with_extension("rs");
    match beside.exists() {
        true => (beside, folder),
        false => (folder.join("mod.rs"), folder),
    }
}

fn path_attribute(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attribute.meta else {
        return None;
    };
    let Expr::Lit(value) = &meta.value else {
        return None;
    };
    match &value.lit {
        Lit::Str(path) if meta.path.is_ident("path") => Some(path.value()),
        _ => None,
    }
}

fn is_for_tests(item: &Item) -> bool {
    let attributes = match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

/// Collects the paths of an item that have more than one part.
struct Paths<'a>(&'a mut Vec<Written>);

impl Paths<'_> {
    fn add(&mut self, path: Written) {
        if path.len() > 1 {
            self.0.push(path);
        }
    }

    /// What a macro is given is read as tokens: `a::b::c` wherever it stands.
    fn tokens(&mut self, tokens: &TokenStream) {
        let mut path = Vec::new();
        let mut colons = 0;
        for token in tokens.clone() {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.add(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                }
                other => {
                    self.add(std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(&group.stream());
                    }
                }
            }
        }
        self.add(path);
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let parts = path.segments.iter().map(|part| part.ident.to_string());
            self.add(parts.collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(&call.tokens);
        visit::visit_macro(self, call);
    }

    /// Inside of a function.
    fn visit_item_use(&mut self, line: &'ast syn::ItemUse) {
        let mut module = Module::default();
        module.import(&line.tree, &mut Vec::new());
        self.0.extend(module.paths);
    }
}
