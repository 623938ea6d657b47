//! The table of budgets, for people and as JSON.

use std::fmt;

use serde_json::{Value, json};

use crate::testbed::columns;
use crate::testbed::spread::Spread;

/// What a measurement is held against.
#[derive(Debug, Clone, Copy)]
pub(super) enum Budget {
    /// At most so many times what nginx with its JWT check needs.
    TimesNginxJwt(f64),
    /// At most so much, in the row's unit.
    AtMost(f64),
    /// At least so much, in the row's unit.
    AtLeast(f64),
    /// Shown for information.
    None,
}

/// One line of the table.
#[derive(Debug)]
pub(super) struct Row {
    /// The word for `--only` and for scripts.
    pub(super) name: &'static str,
    /// What was measured, in words.
    pub(super) what: &'static str,
    /// The unit of the three figures.
    pub(super) unit: &'static str,
    /// Our figure.
    pub(super) reelgate: Option<Spread>,
    /// That of nginx with a JWT check in LuaJIT.
    pub(super) nginx_jwt: Option<Spread>,
    /// That of nginx without a check.
    pub(super) nginx: Option<Spread>,
    /// Ours divided by that of nginx-jwt, as the median over the rounds.
    pub(super) ratio: Option<f64>,
    /// What it is held against.
    pub(super) budget: Budget,
}

impl Row {
    /// A row about ourselves alone.
    pub(super) fn ours(
        name: &'static str,
        what: &'static str,
        unit: &'static str,
        rounds: &[f64],
        budget: Budget,
    ) -> Self {
        Self {
            name,
            what,
            unit,
            reelgate: Spread::of(rounds),
            nginx_jwt: None,
            nginx: None,
            ratio: None,
            budget,
        }
    }

    /// Whether the budget is met; `None` where there is none or nothing to hold it against.
    fn passes(&self) -> Option<bool> {
        match self.budget {
            Budget::TimesNginxJwt(most) => self.ratio.map(|ratio| ratio <= most),
            Budget::AtMost(most) => self.reelgate.map(|ours| ours.median <= most),
            Budget::AtLeast(least) => self.reelgate.map(|ours| ours.median >= least),
            Budget::None => None,
        }
    }

    fn cells(&self) -> [String; 7] {
        [
            self.what.to_owned(),
            self.figure(self.reelgate),
            self.figure(self.nginx_jwt),
            self.figure(self.nginx),
            self.ratio
                .map_or_else(String::new, |ratio| format!("{ratio:.2} ×")),
            match self.budget {
                Budget::TimesNginxJwt(most) => format!("≤ {most} × nginx-jwt"),
                Budget::AtMost(most) => format!("≤ {most} {}", self.unit),
                Budget::AtLeast(least) => format!("≥ {least} {}", self.unit),
                Budget::None => String::new(),
            },
            match (self.passes(), self.budget) {
                (Some(true), _) => "pass",
                (Some(false), _) => "FAIL",
                (None, Budget::None) => "",
                (None, _) => "n/a",
            }
            .to_owned(),
        ]
    }

    /// `median unit (min–max)`, without the range where the rounds agree.
    fn figure(&self, spread: Option<Spread>) -> String {
        let Some(Spread { median, min, max }) = spread else {
            return "n/a".to_owned();
        };
        let digits = digits(median);
        let unit = self.unit;
        if min == max {
            return format!("{median:.digits$} {unit}");
        }
        format!("{median:.digits$} {unit} ({min:.digits$}–{max:.digits$})")
    }

    fn json(&self) -> Value {
        let figure = |spread: Option<Spread>| {
            spread.map(|s| json!({ "median": s.median, "min": s.min, "max": s.max }))
        };
        let (rule, limit) = match self.budget {
            Budget::TimesNginxJwt(most) => ("times_nginx_jwt", Some(most)),
            Budget::AtMost(most) => ("at_most", Some(most)),
            Budget::AtLeast(least) => ("at_least", Some(least)),
            Budget::None => ("none", None),
        };
        json!({
            "name": self.name,
            "what": self.what,
            "unit": self.unit,
            "reelgate": figure(self.reelgate),
            "nginx_jwt": figure(self.nginx_jwt),
            "nginx": figure(self.nginx),
            "ratio": self.ratio,
            "budget": { "rule": rule, "limit": limit },
            "pass": self.passes(),
        })
    }
}

/// Three significant figures are enough for a bench.
fn digits(value: f64) -> usize {
    match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    }
}

/// All rows, in the order in which they were measured.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

const HEADINGS: [&str; 7] = [
    "what",
    "reelgate",
    "nginx-jwt",
    "nginx",
    "ratio",
    "budget",
    "",
];

impl Table {
    /// Adds a row.
    pub(super) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// How many budgets are not met.
    pub(super) fn failures(&self) -> usize {
        let missed = |row: &&Row| row.passes() == Some(false);
        self.rows.iter().filter(missed).count()
    }

    /// The rows as a JSON array.
    pub(super) fn json(&self) -> Value {
        self.rows.iter().map(Row::json).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        columns::write(f, HEADINGS, self.rows.iter().map(Row::cells))
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Row, Table};

    fn table() -> Table {
        let mut table = Table::default();
        let rows = [2.0, 1.0, 3.0];
        table.add(Row::ours("a", "a thing", "ms", &rows, Budget::AtMost(2.0)));
        table.add(Row::ours("b", "speed", "×", &rows, Budget::AtLeast(2.5)));
        table.add(Row::ours(
            "c",
            "CPU",
            "µs",
            &rows,
            Budget::TimesNginxJwt(1.5),
        ));
        table
    }

    #[test]
    fn columns_are_aligned_and_verdicts_given() {
        let shown = table().to_string();
        let expected = "\
| what    | reelgate            | nginx-jwt | nginx | ratio | budget            |      |
|---------|---------------------|-----------|-------|-------|-------------------|------|
| a thing | 2.00 ms (1.00–3.00) | n/a       | n/a   |       | ≤ 2 ms            | pass |
| speed   | 2.00 × (1.00–3.00)  | n/a       | n/a   |       | ≥ 2.5 ×           | FAIL |
| CPU     | 2.00 µs (1.00–3.00) | n/a       | n/a   |       | ≤ 1.5 × nginx-jwt | n/a  |
";
        assert_eq!(shown, expected);
    }

    #[test]
    fn only_a_missed_budget_is_a_failure() {
        assert_eq!(table().failures(), 1);
        assert_eq!(table().json()[2]["pass"], serde_json::Value::Null);
    }
}
