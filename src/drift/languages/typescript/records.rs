//! Mapping tables whose entries are records: `FIELD_MAP.*.path` of a policy.

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::file::File;
use super::literals::alternatives;
use super::patches::DEEPEST;
use super::tables::SPREAD;
use crate::drift::shape::{Form, Unread};

impl<'a> File<'a> {
    /// Whether an entry of a table is a record that has its path as a member; others are read whole.
    pub(super) fn is_record(&self, object: &'a ObjectExpression<'a>) -> bool {
        let Some(member) = self.source.sites.table_member.as_deref() else { return false };
        object.properties.iter().any(|property| match property {
            ObjectPropertyKind::ObjectProperty(property) => {
                self.key(&property.key, property.computed).is_some_and(|key| key == member)
            }
            ObjectPropertyKind::SpreadProperty(_) => false,
        })
    }

    /// The path of a record. Members beside it are none, but what is a record itself has one.
    pub(super) fn table_record(&mut self, object: &'a ObjectExpression<'a>, deep: u8) {
        let member = self.source.sites.table_member.as_deref();
        for property in &object.properties {
            let property = match property {
                ObjectPropertyKind::ObjectProperty(property) => property,
                ObjectPropertyKind::SpreadProperty(spread) => {
                    self.module.unread.push(Unread::new(spread.span.start, SPREAD));
                    continue;
                }
            };
            match self.key(&property.key, property.computed) {
                None => self.path_site(None, Form::Table, property.key.span().start),
                Some(key) if member == Some(&*key) => self.table_values(&property.value, deep + 1),
                Some(_) => self.records_within(&property.value, deep + 1),
            }
        }
    }

    /// The records in what stands beside a path.
    fn records_within(&mut self, value: &'a Expression<'a>, deep: u8) {
        let mut values = Vec::new();
        alternatives(value, &mut |value| values.push(value));
        for value in values {
            match value {
                Expression::ObjectExpression(_) | Expression::ArrayExpression(_) if deep >= DEEPEST => {
                    self.path_site(None, Form::Table, value.span().start);
                }
                Expression::ObjectExpression(object) if self.is_record(object) => self.table_record(object, deep),
                Expression::ObjectExpression(object) => {
                    for property in &object.properties {
                        if let ObjectPropertyKind::ObjectProperty(property) = property {
                            self.records_within(&property.value, deep + 1);
                        }
                    }
                }
                Expression::ArrayExpression(list) => {
                    let items = list.elements.iter().filter_map(ArrayExpressionElement::as_expression);
                    items.for_each(|item| self.records_within(item, deep + 1));
                }
                _ => {}
            }
        }
    }
}
