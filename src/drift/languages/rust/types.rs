//! What a type is on the wire.

use std::rc::Rc;

use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{GenericArgument, GenericParam, PathArguments, PathSegment, Type};

use super::{Outline, Place, dotted};
use crate::drift::shape::{Member, Shape};

/// How deep types nest.
const MAX_DEPTH: usize = 128;

/// Types that are text on the wire.
const STRINGS: &str = "BStr BString BigDecimal ByteString CompactString Date DateTime Decimal EmailAddress HipStr IStr Ipv4Addr \
    Ipv6Addr IpAddr KString NaiveDate NaiveDateTime NaiveTime Path PathBuf SmartString SmolStr SocketAddr SocketAddrV4 \
    SocketAddrV6 Timestamp Ulid Uri Url Uuid Version VersionReq Zoned";

/// Types of the prelude and of `std` that are text.
const TEXT: &str = "String str char";

/// Types that need no import: those of the prelude, and of the language.
const PRELUDE: &str = "Box Option Result String Vec";
const PRIMITIVES: &str = "bool char f32 f64 i128 i16 i32 i64 i8 isize str u128 u16 u32 u64 u8 usize";

/// Types of packages that are of any kind.
const OPAQUE: &str = "Any Duration Instant Json JsonValue Number ObjectId OffsetDateTime OsStr OsString PrimitiveDateTime \
    RawValue SystemTime Value";

const NUMBERS: &str = "u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 NonZero NonZeroU8 NonZeroU16 NonZeroU32 \
    NonZeroU64 NonZeroU128 NonZeroUsize NonZeroI8 NonZeroI16 NonZeroI32 NonZeroI64 NonZeroI128 NonZeroIsize AtomicU8 \
    AtomicU16 AtomicU32 AtomicU64 AtomicUsize AtomicI8 AtomicI16 AtomicI32 AtomicI64 AtomicIsize";

/// Types that are what they hold.
const WRAPPERS: &str =
    "Arc Box Cell Cow Mutex NotNan Option OrderedFloat Rc RefCell Reverse RwLock Saturating Wrapping";

const LISTS: &str = "ArrayVec BTreeSet BinaryHeap HashSet IndexSet LinkedList SmallVec Vec VecDeque";

const MAPS: &str = "AHashMap BTreeMap DashMap FxHashMap HashMap IndexMap Map";

fn lists(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|one| one == word)
}

/// Reads the types of one definition.
pub(super) struct Types<'o> {
    pub(super) place: Place,
    pub(super) outline: &'o Outline,
    /// The definition's own name.
    pub(super) own: String,
    /// What it is written under ([`super::attrs::condition`]).
    pub(super) condition: Rc<str>,
    pub(super) inside: Vec<String>,
    /// Its type parameters, with what they are where nothing is given; what stands for a constant has a place as well.
    pub(super) variables: Vec<(String, Shape)>,
}

impl Types<'_> {
    /// The shape of a value of this type.
    pub(super) fn shape(&self, ty: &Type) -> Shape {
        self.read(ty, MAX_DEPTH)
    }

    pub(super) fn unread(&self, of: &impl Spanned, reason: &str) -> Shape {
        Shape::unread(self.place.of(of.span()), reason)
    }

    fn read(&self, ty: &Type, depth: usize) -> Shape {
        let Some(depth) = depth.checked_sub(1) else { return self.unread(ty, "this type is nested too deep") };
        match ty {
            Type::Array(array) => Shape::Array(Box::new(self.read(&array.elem, depth))),
            Type::Slice(slice) => Shape::Array(Box::new(self.read(&slice.elem, depth))),
            Type::Group(group) => self.read(&group.elem, depth),
            Type::Paren(paren) => self.read(&paren.elem, depth),
            Type::Reference(reference) => self.read(&reference.elem, depth),
            Type::Tuple(tuple) if tuple.elems.is_empty() => Shape::Opaque,
            Type::Tuple(tuple) => {
                let mut shapes: Vec<Shape> = tuple.elems.iter().map(|ty| self.read(ty, depth)).collect();
                let last = shapes.pop();
                list_of(shapes, last)
            }
            Type::Path(path) if path.qself.is_none() => self.path(&path.path, depth),
            Type::Path(path) => self.unread(path, "which type this is another one decides; write the type itself"),
            Type::Macro(mac) => self.unread(mac, "a macro makes this type; write the type itself"),
            // Functions, pointers and traits: they are written by code alone.
            _ => Shape::Opaque,
        }
    }

    fn path(&self, path: &syn::Path, depth: usize) -> Shape {
        let Some(last) = path.segments.last() else { return Shape::Opaque };
        let written = dotted(path);
        let head = written.split('.').next().unwrap_or_default();
        if let Some(place) = self.variables.iter().position(|(variable, _)| variable == head) {
            return if written == head { self.variable(place) } else { Shape::Opaque };
        }
        let at = self.place.of(last.ident.span());
        if written == "Self" {
            return Shape::named(self.own.clone(), at)
                .given((0..self.variables.len()).map(|place| self.variable(place)).collect());
        }
        let named = |name: String| {
            let given = given(last).map(|argument| argument.map_or(Shape::Opaque, |ty| self.read(ty, depth)));
            Shape::named(name, at).given(given.collect())
        };
        let own = || named(self.outline.paths.name(&written, &self.inside));
        let hidden = self.hidden(path).filter(|_| !self.outline.types.contains(&written));
        let meanings = match hidden.as_deref() {
            None => self.outline.paths.meanings(&written, &self.inside),
            Some(_) if needs_no_import(&written) => vec![vec![written.clone()]],
            Some([only]) => return named(only.clone() + written.trim_start_matches(head)),
            Some(_) => Vec::new(),
        };
        if meanings.len() != 1 && (meanings.is_empty() || written.contains('.')) {
            return self.unread(last, "this name has several meanings in this file; give each its own");
        }
        if self.outline.types.contains(&written) || !self.may_be_known(&written, &meanings) {
            return own();
        }
        // What a `use` calls otherwise is what it was called before.
        let full = meanings.iter().flat_map(|full| full.last()).next();
        let name = full.cloned().unwrap_or_default();
        let argument = |index| arguments(last).nth(index).map(|ty| self.read(ty, depth));
        if lists(WRAPPERS, &name) {
            argument(0).unwrap_or(Shape::Opaque)
        } else if lists(LISTS, &name) {
            Shape::Array(Box::new(argument(0).unwrap_or(Shape::Opaque)))
        } else if lists(MAPS, &name) {
            Shape::Map(Box::new(argument(1).unwrap_or(Shape::Opaque)))
        } else if lists(TEXT, &name) || lists(STRINGS, &name) {
            Shape::STRING
        } else if lists(NUMBERS, &name) {
            Shape::NUMBER
        } else if matches!(name.as_str(), "bool" | "AtomicBool") {
            Shape::BOOLEAN
        } else if lists(OPAQUE, &name) || name == "PhantomData" {
            Shape::Opaque
        } else if name == "Result" && arguments(last).count() == 2 {
            let either = ["Ok", "Err"].into_iter().zip([argument(0), argument(1)]);
            let one = |(name, shape): (&str, Option<Shape>)| {
                Shape::Object(vec![Member::new(name, at, shape.unwrap_or(Shape::Opaque)).explicit()])
            };
            Shape::Any(either.map(one).collect())
        } else {
            own()
        }
    }

    /// The names by which to look for a type, where no `use` around it gives its name ([`super::imports::Paths::hidden`]).
    pub(super) fn hidden(&self, path: &syn::Path) -> Option<Vec<String>> {
        let head = path.segments.first()?;
        self.outline.paths.hidden(&head.ident.unraw().to_string(), head.ident.span().byte_range().start)
    }

    /// What is given for a type parameter.
    fn variable(&self, place: usize) -> Shape {
        let otherwise = self.variables.get(place).map_or(Shape::Opaque, |(_, otherwise)| otherwise.clone());
        Shape::variable(place, otherwise)
    }

    /// Takes in the type parameters of the definition; lifetimes are told apart from others wherever they stand.
    pub(super) fn parameters(&mut self, generics: &syn::Generics) {
        for param in &generics.params {
            let variable = match param {
                GenericParam::Type(ty) => {
                    let otherwise = ty.default.as_ref().map_or(Shape::Opaque, |(_, default)| self.shape(default));
                    (ty.ident.to_string(), otherwise)
                }
                GenericParam::Const(value) => (value.ident.to_string(), Shape::Opaque),
                GenericParam::Lifetime(_) => continue,
            };
            self.variables.push(variable);
        }
    }

    /// Whether a name may be one that everybody knows, as nothing in this file gives it to another type.
    fn may_be_known(&self, written: &str, meanings: &[Vec<String>]) -> bool {
        let paths = &self.outline.paths;
        let is_prelude = needs_no_import(written);
        match meanings {
            [full] if full.len() == 1 && full.iter().eq([written]) => is_prelude || !paths.may_be_own(written),
            // `HashMap` of `std` in some builds, and of a package in others.
            meanings => {
                let first = meanings.first().and_then(|full| full.last());
                meanings.iter().all(|full| paths.is_package(full) && full.last() == first)
            }
        }
    }
}

/// Whether a name needs no import.
pub(super) fn needs_no_import(name: &str) -> bool {
    lists(PRELUDE, name) || lists(PRIMITIVES, name)
}

/// A list whose items are any of these.
pub(super) fn list_of(mut shapes: Vec<Shape>, last: Option<Shape>) -> Shape {
    match last {
        Some(one) if shapes.is_empty() => Shape::Array(Box::new(one)),
        last => {
            shapes.extend(last);
            Shape::Array(Box::new(Shape::Any(shapes)))
        }
    }
}

/// The types between `<` and `>`.
fn arguments(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    given(segment).flatten()
}

/// What stands between `<` and `>` for parameters, lifetimes aside: types, and nothing for the values of constants.
fn given(segment: &PathSegment) -> impl Iterator<Item = Option<&Type>> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(Some(ty)),
        GenericArgument::Const(_) => Some(None),
        _ => None,
    })
}
