//! Lists of numbers: by a filter, by a text, and by their similarity.

use super::number::NumberText;
use super::{FieldReader, page, shown, total};
use crate::domain::case::Case;
use crate::domain::ids::CaseId;
use crate::domain::kinds::{Category, NumberSort, Source, StatusKind};
use crate::number::Region;
use crate::service::{
    Found, FoundBrand, MIN_PART_DIGITS, NumberFilter, NumberList, NumberRow, PageRequest, ServiceError, SimilarList,
    SimilarNumber,
};
use crate::wire::v1;

/// The most digits of a prefix or of a part of a number: those of a whole number.
const MAX_DIGITS: usize = 15;
/// The fewest characters of a text in comments.
const MIN_COMMENT_CHARS: usize = 3;
/// The most characters of a text to search for.
const MAX_TEXT_CHARS: usize = 200;
/// The most cases in one row of a list.
const MAX_ROW_CASES: usize = 20;

/// Reads the filter and the page of a list of numbers.
pub(in crate::api) fn filter(request: v1::ListNumbersRequest) -> Result<(NumberFilter, PageRequest), ServiceError> {
    let mut fields = FieldReader::default();
    fields.digits("prefix", &request.prefix, 1);
    fields.digits("digits", &request.digits, MIN_PART_DIGITS);
    let score = |fields: &mut FieldReader, field, score: Option<f64>| {
        score.map(|score| fields.within(field, score, 0.0, 100.0))
    };
    let comment = fields.line("comment", request.comment, MAX_TEXT_CHARS);
    if !comment.is_empty() && comment.trim().chars().count() < MIN_COMMENT_CHARS {
        fields.refuse("comment", format!("must have at least {MIN_COMMENT_CHARS} characters"));
    }
    let sort = fields.code("sort", request.sort, NumberSort::from_code);
    if request.ascending && request.sort == 0 {
        fields.refuse("ascending", "needs sort");
    }
    if let (Some(least), Some(most)) = (request.min_score, request.max_score)
        && least > most
    {
        fields.refuse("min_score", "must not be above `max_score`");
    }
    let filter = NumberFilter {
        min_score: score(&mut fields, "min_score", request.min_score),
        max_score: score(&mut fields, "max_score", request.max_score),
        status: fields.code("status", request.status, StatusKind::from_code),
        case: fields.optional("case_id", &request.case_id, CaseId::parse),
        category: fields.code("category", request.category, Category::from_code),
        brand: fields.brand("impersonated_brand", &request.impersonated_brand),
        source: fields.code("source", request.source, Source::from_code),
        region: fields.region("region", &request.region),
        comment: comment.trim().to_owned(),
        prefix: request.prefix,
        digits: request.digits,
        sort,
        ascending: request.ascending,
    };
    fields.finish(Some((filter, page(request.page_size, request.page_token))))
}

/// A text to search for.
#[derive(Debug)]
pub(in crate::api) struct Search {
    pub(in crate::api) text: NumberText,
    pub(in crate::api) size: u32,
}

/// Reads what is searched for.
pub(in crate::api) fn search(request: v1::SearchRequest) -> Result<Search, ServiceError> {
    let mut fields = FieldReader::default();
    let text = fields.line("text", request.text, MAX_TEXT_CHARS);
    if text.trim().is_empty() {
        fields.refuse("text", "must not be empty");
    }
    let region = fields.region("default_region", &request.default_region);
    fields.finish(Some(Search {
        text: NumberText { text, region },
        size: request.page_size,
    }))
}

/// Reads the number to which others are similar.
pub(in crate::api) fn similar(
    request: v1::ListSimilarNumbersRequest,
) -> Result<(String, Option<Region>, PageRequest), ServiceError> {
    let mut fields = FieldReader::default();
    let named = fields.named(request.number, &request.default_region);
    let page = page(request.page_size, request.page_token);
    fields.finish(Some((named.text, named.region, page)))
}

/// Shows a page of numbers.
pub(in crate::api) fn list(list: &NumberList) -> v1::ListNumbersResponse {
    v1::ListNumbersResponse {
        numbers: list.numbers.iter().map(row).collect(),
        next_page_token: list.next_page_token.clone(),
        total_size: total(list.total),
        total_is_estimate: list.total_is_estimate,
    }
}

/// Shows what a text names.
pub(in crate::api) fn found(found: &Found) -> v1::SearchResponse {
    v1::SearchResponse {
        numbers: found.numbers.iter().map(row).collect(),
        number_total: total(found.number_total),
        cases: found.cases.iter().map(|case| case_found(case)).collect(),
        case_total: total(found.case_total),
        brands: found.brands.iter().map(brand).collect(),
        brand_total: total(found.brand_total),
    }
}

/// Shows a page of similar numbers.
pub(in crate::api) fn similar_list(list: &SimilarList) -> v1::ListSimilarNumbersResponse {
    v1::ListSimilarNumbersResponse {
        numbers: list.numbers.iter().map(similar_number).collect(),
        next_page_token: list.next_page_token.clone(),
        total_size: total(list.total),
        compared_comments: total(list.compared),
    }
}

impl FieldReader {
    /// Digits of a number, or nothing.
    fn digits(&mut self, field: &str, text: &str, least: usize) {
        let are_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let is_right = are_digits && (least..=MAX_DIGITS).contains(&text.len());
        if !text.is_empty() && !is_right {
            let problem = match least {
                1 => format!("must have at most {MAX_DIGITS} digits and no plus sign"),
                _ => format!("must have {least} to {MAX_DIGITS} digits and no plus sign"),
            };
            self.refuse(field, problem);
        }
    }
}

fn similar_number(similar: &SimilarNumber) -> v1::SimilarNumber {
    let similarities = similar.similarities.iter().map(|similarity| v1::Similarity {
        kind: similarity.kind.code().into(),
        detail: similarity.detail.clone(),
    });
    v1::SimilarNumber {
        number: Some(row(&similar.row)),
        similarities: similarities.collect(),
    }
}

fn brand(found: &FoundBrand) -> v1::FoundBrand {
    v1::FoundBrand {
        name: found.brand.as_str().to_owned(),
        number_count: total(found.numbers),
        case_count: total(found.cases),
    }
}

/// A case that no number leads to: it has no role.
fn case_found(case: &Case) -> v1::CaseSummary {
    v1::CaseSummary {
        case_id: case.id.as_str().to_owned(),
        title: case.title.to_string(),
        status: case.status.code().into(),
        category: case.category.code().into(),
        impersonated_brand: shown::case_brand(case),
        role: 0,
        agency: case.agency.to_string(),
    }
}

fn row(row: &NumberRow) -> v1::NumberRow {
    let mut cases: Vec<_> = row.cases.iter().map(|id| id.as_str().to_owned()).collect();
    cases.sort_unstable();
    cases.dedup(); // a number may be linked to one case in several roles
    cases.truncate(MAX_ROW_CASES);
    v1::NumberRow {
        e164: row.number.to_string(),
        risk_score: shown::score_value(row.score, row.level),
        risk_level: row.level.code().into(),
        category: row.category.map_or(0, |category| category.code().into()),
        report_count: row.facts.report_count,
        last_reported: row.facts.last_reported.and_then(shown::time),
        statuses: row.statuses.iter().map(|kind| kind.code().into()).collect(),
        case_ids: cases,
        impersonated_brand: row
            .brand
            .as_ref()
            .map_or_else(String::new, |brand| brand.as_str().to_owned()),
    }
}
