//! The categories with their texts.

use crate::domain::kinds::{Category, RiskLevel};
use crate::domain::label::display_name;
use crate::domain::language::Language;
use crate::domain::words;
use crate::wire::v1;

/// All categories that name a kind of call.
pub(in crate::api) fn categories(language: Language) -> v1::ListCategoriesResponse {
    let named = Category::ALL
        .iter()
        .filter(|category| **category != Category::Unspecified);
    v1::ListCategoriesResponse {
        language: language.tag().to_owned(),
        categories: named.map(|category| info(language, *category)).collect(),
    }
}

fn info(language: Language, category: Category) -> v1::CategoryInfo {
    let group = if category.is_fraud() {
        v1::CategoryGroup::Fraud
    } else if category.is_wanted() {
        v1::CategoryGroup::Wanted
    } else {
        v1::CategoryGroup::Unwanted
    };
    let text = words::category(language, category);
    v1::CategoryInfo {
        category: category.code().into(),
        group: group.into(),
        name: text.name.to_string(),
        explanation: text.about.to_string(),
        short_name: display_name(Some(category), RiskLevel::High).to_owned(),
    }
}
