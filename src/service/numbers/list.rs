//! Lists of numbers: one page in the order that is asked for.

use std::sync::Arc;

use futures_util::future::join_all;

use super::Numbers;
use crate::number::E164;
use crate::service::directory::{Directory, Line, NumberFilter, NumberRow, Order, Place, Selected, Wanted, select};
use crate::service::page::{count_that_fits, foreign_token};
use crate::service::{PageRequest, ServiceError};

/// The most numbers whose comments are read for one page. With a rare text a page may be short and still have a next page.
const MAX_SEARCHED: usize = 500;
/// Numbers whose comments are read at a time.
const SEARCHED_AT_A_TIME: usize = 16;

/// A page of numbers.
#[derive(Clone, Debug)]
pub struct NumberList {
    /// The numbers.
    pub numbers: Vec<NumberRow>,
    /// The token of the next page; empty at the end.
    pub next_page_token: String,
    /// The numbers on all pages.
    pub total: usize,
    /// Whether fewer may match, since not all comments were read.
    pub total_is_estimate: bool,
}

impl Numbers {
    /// A page of the numbers that match a filter. The id of a merged case leads to its successor.
    ///
    /// # Errors
    /// If the filter or the page is not valid, the case does not exist, or the store cannot say whether it does, or comments cannot be read from the store.
    pub async fn list(&self, filter: &NumberFilter, page: &PageRequest) -> Result<NumberList, ServiceError> {
        let limit = page.limit()?;
        let mut filter = filter.clone();
        if let Some(id) = &filter.case {
            filter.case = Some(self.writer.named_case(id).await?);
        }
        let filter = &filter;
        let scope = filter.scope();
        let order = Order {
            sort: filter.sort,
            ascending: filter.ascending,
        };
        let after = page
            .cursor(&self.page_key, &scope)?
            .map(|cursor| order.place_of(&cursor).ok_or_else(foreign_token))
            .transpose()?;
        let is_by_comment = !filter.comment.is_empty();
        let (mut selected, end) = if is_by_comment {
            let selected = self.select(filter, (order, after), MAX_SEARCHED).await?;
            self.with_comment(selected, filter.comment.to_lowercase().into(), limit)
                .await?
        } else {
            let selected = self.select(filter, (order, after), limit).await?;
            let end = selected.lines.last().copied();
            (selected, end)
        };
        let (total, lines) = (selected.total, std::mem::take(&mut selected.lines));
        let rows = self.directory.read(move |directory| {
            let rows = lines.iter().filter_map(|line| Some((*line, directory.row(line)?)));
            rows.collect::<Vec<_>>()
        });
        let mut rows = rows.await?;
        let fit = count_that_fits(&rows, |(_, row)| text_bytes(row));
        let is_cut = fit < rows.len();
        rows.truncate(fit);
        let end = rows.last().map(|(line, _)| *line).filter(|_| is_cut).or(end);
        let has_more = selected.more || is_cut;
        let cursor = end.filter(|_| has_more).map(|end| order.cursor(order.place(&end)));
        Ok(NumberList {
            numbers: rows.into_iter().map(|(_, row)| row).collect(),
            next_page_token: self.page_key.next(&scope, cursor),
            total,
            total_is_estimate: is_by_comment,
        })
    }

    async fn select(
        &self,
        filter: &NumberFilter,
        (order, after): (Order, Option<Place>),
        limit: usize,
    ) -> Result<Selected, ServiceError> {
        let filter = filter.clone();
        let selected = self.directory.read(move |directory| {
            let wanted = Wanted::new(&filter, directory);
            select(directory, &wanted, order, after, limit)
        });
        selected.await
    }

    /// The first `limit` of the selected numbers with this text in a comment, and the last number whose comments were read.
    async fn with_comment(
        &self,
        selected: Selected,
        text: Arc<str>,
        limit: usize,
    ) -> Result<(Selected, Option<Line>), ServiceError> {
        let Selected { lines, more, total } = selected;
        let (mut found, mut end) = (Vec::new(), None);
        for part in lines.chunks(SEARCHED_AT_A_TIME) {
            let comments = join_all(part.iter().map(|line| self.comments(line.number))).await;
            let comments: Vec<Vec<Box<str>>> = comments.into_iter().collect::<Result<_, _>>()?;
            let text = Arc::clone(&text);
            // To search takes long, so it is not done where calls are answered.
            let search = move |_: &Directory| -> Vec<bool> {
                let holds = |comments: &Vec<Box<str>>| {
                    let mut lower = comments.iter().map(|comment| comment.to_lowercase());
                    lower.any(|comment| comment.contains(&*text))
                };
                comments.iter().map(holds).collect()
            };
            for (line, is_found) in part.iter().zip(self.directory.read(search).await?) {
                if found.len() == limit {
                    return Ok((with_more(found, true, total), end));
                }
                if is_found {
                    found.push(*line);
                }
                end = Some(*line);
            }
        }
        Ok((with_more(found, more, total), end))
    }

    /// The comments of the reports on a number, without those that were withdrawn.
    pub(super) async fn comments(&self, number: E164) -> Result<Vec<Box<str>>, ServiceError> {
        let rows = self.writer.rows_as_indexed(number).await?;
        let live = rows.into_iter().filter(|row| row.is_live());
        Ok(live.filter_map(|row| row.body.comment).collect())
    }
}

/// The bytes of the texts of a row.
fn text_bytes(row: &NumberRow) -> usize {
    let cases = row.cases.iter().map(|case| case.as_str().len());
    let brand = row.brand.as_ref().map_or(0, |brand| brand.as_str().len());
    cases.sum::<usize>() + brand
}

fn with_more(lines: Vec<Line>, more: bool, total: usize) -> Selected {
    Selected { lines, more, total }
}
