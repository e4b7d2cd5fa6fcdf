//! What looks tell the client.

use std::sync::Arc;

use super::Judge;
use super::told::{Told, tells};
use crate::exchange::Exchange;

impl Judge {
    /// A look was answered, or was not. Only those are of interest that have a record.
    pub(super) fn looked(&mut self, exchange: &Exchange, told: &Told<'_>) {
        let named = exchange.ids.as_slice();
        let arrived = tells(exchange);
        if named.is_empty() && (!arrived || !exchange.rules.is_empty()) {
            self.blind_look = Some(exchange.nth);
        }
        let shown = if arrived { told.shown } else { &[] };
        let mut copy = None;
        for (id, shown) in shown {
            let Some(record) = self.records.get_mut(id) else { continue };
            record.see(*shown, exchange, || Arc::clone(copy.get_or_insert_with(|| Arc::new(exchange.clone()))));
            self.forget_if_settled(*id);
        }
        // Mostly all that were named were shown.
        if arrived && shown.len() >= named.len() {
            return;
        }
        for id in named {
            let Some(record) = self.records.get_mut(id) else { continue };
            if !shown.iter().any(|(shown, _)| shown == id) {
                record.see_nothing(exchange, arrived);
                self.forget_if_settled(*id);
            }
        }
    }
}
