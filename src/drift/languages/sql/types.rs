//! The kinds of SQL's types, as their values travel in JSON: dates, decimals and bytes are text.

use sqlparser::ast::{ArrayElemTypeDef, DataType};

use super::columns::object_name;
use crate::drift::shape::{Kind, Shape};

/// How deep types may nest.
const MAX_DEPTH: usize = 64;

/// What a column of this type holds; `at` is where it stands.
pub(super) fn shape(ty: &DataType, at: u32) -> Shape {
    of(ty, at, MAX_DEPTH)
}

fn of(ty: &DataType, at: u32, depth: usize) -> Shape {
    use DataType as T;
    let Some(depth) = depth.checked_sub(1) else { return Shape::unread(at, "types are nested too deep") };
    match ty {
        // MySQL's word for a truth value.
        T::Bool | T::Boolean | T::TinyInt(Some(1)) => Shape::BOOLEAN,
        T::Character(_) | T::Char(_) | T::CharacterVarying(_) | T::CharVarying(_) | T::Varchar(_) | T::Nvarchar(_) => {
            Shape::STRING
        }
        T::Uuid | T::CharacterLargeObject(_) | T::CharLargeObject(_) | T::Clob(_) | T::Text | T::TinyText => {
            Shape::STRING
        }
        T::MediumText | T::LongText | T::String(_) | T::FixedString(_) | T::Regclass | T::TsVector | T::TsQuery => {
            Shape::STRING
        }
        T::Binary(_) | T::Varbinary(_) | T::Blob(_) | T::TinyBlob | T::MediumBlob | T::LongBlob | T::Bytea => {
            Shape::STRING
        }
        T::Bytes(_) | T::BitVarying(_) | T::VarBit(_) => Shape::STRING,
        T::Numeric(_) | T::Decimal(_) | T::DecimalUnsigned(_) | T::Dec(_) | T::DecUnsigned(_) => Shape::STRING,
        T::Date | T::Time(..) | T::Datetime(_) | T::Timestamp(..) | T::TimestampNtz(_) | T::Interval { .. } => {
            Shape::STRING
        }
        // Any subset of the listed values, as one text.
        T::Set(_) => Shape::STRING,
        T::Enum(..) => Shape::enumerated(Kind::String),
        T::Array(item) => Shape::Array(Box::new(match item {
            ArrayElemTypeDef::None => Shape::Opaque,
            ArrayElemTypeDef::AngleBracket(item)
            | ArrayElemTypeDef::SquareBracket(item, _)
            | ArrayElemTypeDef::Parenthesis(item)
            | ArrayElemTypeDef::Qualified(item, _) => of(item, at, depth),
        })),
        T::Nullable(inner) | T::LowCardinality(inner) => of(inner, at, depth),
        T::Custom(name, _) => match object_name(name) {
            Ok((name, _)) => custom(&name, at),
            Err(reason) => Shape::unread(at, reason),
        },
        ty if is_number(ty) => Shape::NUMBER,
        // Documents, geometry, single bits, and no type at all.
        _ => Shape::Opaque,
    }
}

fn is_number(ty: &DataType) -> bool {
    use DataType as T;
    let integer = matches!(
        ty,
        T::TinyInt(_)
            | T::TinyIntUnsigned(_)
            | T::Int2(_)
            | T::Int2Unsigned(_)
            | T::SmallInt(_)
            | T::SmallIntUnsigned(_)
            | T::MediumInt(_)
            | T::MediumIntUnsigned(_)
            | T::Int(_)
            | T::Int4(_)
            | T::Int8(_)
            | T::Integer(_)
            | T::IntUnsigned(_)
            | T::Int4Unsigned(_)
            | T::IntegerUnsigned(_)
            | T::BigInt(_)
            | T::BigIntUnsigned(_)
            | T::Int8Unsigned(_)
            | T::Int16
            | T::Int32
            | T::Int64
            | T::Signed
            | T::SignedInteger
            | T::Unsigned
            | T::UnsignedInteger
    );
    integer
        || matches!(
            ty,
            T::Float(_)
                | T::FloatUnsigned(_)
                | T::Float4
                | T::Float8
                | T::Float32
                | T::Float64
                | T::Real
                | T::RealUnsigned
                | T::Double(_)
                | T::DoubleUnsigned(_)
                | T::DoublePrecision
                | T::DoublePrecisionUnsigned
        )
}

/// Types that the parser knows by name only; those that are not here are declared in the source.
fn custom(name: &str, at: u32) -> Shape {
    let lower = name.to_ascii_lowercase();
    match lower.strip_prefix("pg_catalog.").unwrap_or(&lower) {
        "serial" | "bigserial" | "smallserial" | "serial2" | "serial4" | "serial8" | "year" | "oid" | "number" => {
            Shape::NUMBER
        }
        "citext" | "money" | "inet" | "cidr" | "macaddr" | "macaddr8" | "xml" | "name" | "bpchar" | "ltree"
        | "isbn" | "char" | "nchar" | "tsvector" | "tsquery" | "timestamptz" | "timetz" | "rowid" => Shape::STRING,
        "point" | "line" | "lseg" | "box" | "path" | "polygon" | "circle" | "geometry" | "geography" | "linestring"
        | "multipoint" | "multilinestring" | "multipolygon" | "geometrycollection" | "geomcollection" | "hstore"
        | "vector" | "halfvec" | "cube" | "jsonpath" | "int4range" | "int8range" | "numrange" | "tsrange"
        | "tstzrange" | "daterange" | "int4multirange" | "int8multirange" | "nummultirange" | "tsmultirange"
        | "tstzmultirange" | "datemultirange" | "any" => Shape::Opaque,
        _ => Shape::named(name, at),
    }
}
