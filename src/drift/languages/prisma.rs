//! Prisma's schema. Models, views and composite types are types, and their fields have the names that code and clients
//! use: `@map` and `@@map` name columns and tables, which no API shows. What is ignored (`@ignore`, `@@ignore`) is in no
//! client either. One unexpected word and the whole file is told: Prisma takes no such file.

mod token;

use self::token::{Kind as Mark, Token, tokens};
use super::Source;
use crate::drift::shape::{Definition, Kind, Member, Module, Shape, Unread};
use crate::escape::excerpt;

pub(super) fn read(source: &Source<'_>) -> Module {
    let read = tokens(source.text).and_then(|tokens| Reader { tokens: &tokens, definitions: Vec::new() }.file());
    match read {
        Ok(definitions) => Module { definitions, ..Module::default() },
        Err(unread) => Module { unread: vec![unread], ..Module::default() },
    }
}

/// What is left of the file, and what was read of it.
struct Reader<'t, 's> {
    tokens: &'t [Token<'s>],
    definitions: Vec<Definition>,
}

impl<'t, 's> Reader<'t, 's> {
    fn file(mut self) -> Result<Vec<Definition>, Unread> {
        loop {
            let Some(word) = self.skip_lines() else { return Ok(self.definitions) };
            match word.text {
                "model" | "view" | "type" => self.fields()?,
                "enum" => self.listed()?,
                "datasource" | "generator" => {
                    self.expect(Mark::Word, "a name")?;
                    self.block()?;
                }
                _ => return Err(unexpected(&word, "`model`, `view`, `type`, `enum`, `datasource` or `generator`")),
            }
        }
    }

    /// A model: a name and, between braces, a field a line.
    fn fields(&mut self) -> Result<(), Unread> {
        let name = self.expect(Mark::Word, "a name")?;
        self.expect(Mark::Open, "`{`")?;
        let mut members = Vec::new();
        let mut ignored = false;
        while let Some(word) = self.skip_lines() {
            match word.mark {
                Mark::Close => {
                    if !ignored {
                        self.define(&name, Shape::Object(members));
                    }
                    return Ok(());
                }
                Mark::Whole => ignored |= self.attribute()? == "ignore",
                Mark::Word => members.extend(self.field(&word)?),
                _ => return Err(unexpected(&word, "a field or `}`")),
            }
        }
        Err(Unread::new(name.at, "the braces of this model are not closed"))
    }

    /// A field, unless it is ignored.
    fn field(&mut self, name: &Token<'s>) -> Result<Option<Member>, Unread> {
        let ty = self.expect(Mark::Word, "the field's type")?;
        let mut shape = scalar(&ty);
        if ty.text == "Unsupported" {
            self.arguments()?;
        }
        let mut ignored = false;
        // A closing brace may stand behind the last field, and is the model's.
        while let Some(next) = self.tokens.first().copied().filter(|next| next.mark != Mark::Close) {
            self.next();
            match next.mark {
                Mark::List => shape = Shape::Array(Box::new(shape)),
                Mark::Optional => {}
                Mark::At => ignored |= self.attribute()? == "ignore",
                Mark::Line => break,
                _ => return Err(unexpected(&next, "an attribute or the end of the line")),
            }
        }
        Ok((!ignored).then(|| Member::new(name.text, name.at, shape).explicit()))
    }

    /// An enum, whose values are no fields.
    fn listed(&mut self) -> Result<(), Unread> {
        let name = self.expect(Mark::Word, "a name")?;
        self.block()?;
        self.define(&name, Shape::enumerated(Kind::String));
        Ok(())
    }

    fn define(&mut self, name: &Token<'s>, shape: Shape) {
        self.definitions.push(Definition { name: name.text.to_owned(), at: name.at, shape, case: None });
    }

    /// Passes over everything between two braces.
    fn block(&mut self) -> Result<(), Unread> {
        let open = self.expect(Mark::Open, "`{`")?;
        while let Some(token) = self.next() {
            match token.mark {
                Mark::Close => return Ok(()),
                Mark::Open => return Err(unexpected(&token, "`}`")),
                _ => {}
            }
        }
        Err(Unread::new(open.at, "this brace is not closed"))
    }

    /// The name of an attribute, behind its `@`; passes over its arguments.
    fn attribute(&mut self) -> Result<&'s str, Unread> {
        let name = self.expect(Mark::Word, "an attribute")?;
        if self.tokens.first().is_some_and(|token| token.mark == Mark::Arguments) {
            self.arguments()?;
        }
        Ok(name.text)
    }

    fn arguments(&mut self) -> Result<(), Unread> {
        self.expect(Mark::Arguments, "`(`").map(|_| ())
    }

    fn expect(&mut self, mark: Mark, what: &str) -> Result<Token<'s>, Unread> {
        let end = self.tokens.first().map_or(0, |token| token.at);
        match self.next() {
            Some(token) if token.mark == mark => Ok(token),
            Some(token) => Err(unexpected(&token, what)),
            None => Err(Unread::new(end, format!("the file ends where {what} should be"))),
        }
    }

    /// The next token that ends no line.
    fn skip_lines(&mut self) -> Option<Token<'s>> {
        loop {
            let token = self.next()?;
            if token.mark != Mark::Line {
                return Some(token);
            }
        }
    }

    fn next(&mut self) -> Option<Token<'s>> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(*first)
    }
}

fn unexpected(token: &Token<'_>, what: &str) -> Unread {
    let found = match token.mark {
        Mark::Line => "the end of the line".to_owned(),
        _ => format!("`{}`", excerpt(token.text)),
    };
    Unread::new(token.at, format!("here should be {what}, not {found}"))
}

/// A field's type without its list. Names that are no scalars are other types of the schema.
fn scalar(ty: &Token<'_>) -> Shape {
    match ty.text {
        // Decimals and bytes are text in JSON.
        "String" | "DateTime" | "Decimal" | "Bytes" => Shape::STRING,
        "Int" | "BigInt" | "Float" => Shape::NUMBER,
        "Boolean" => Shape::BOOLEAN,
        "Json" | "Unsupported" => Shape::Opaque,
        other => Shape::named(other, ty.at),
    }
}

#[cfg(test)]
mod tests;
