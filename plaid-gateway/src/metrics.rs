//! What can be counted, in the format of Prometheus.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds in seconds: from an answer out of Plaid's memory to one of a slow bank.
const BUCKETS: [f64; 13] = [
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0,
];

/// The content type of [`Metrics::text`].
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    durations: Family<OperationLabel, Histogram>,
    refusals: Family<ReasonLabel, Counter>,
    answer_bytes: Counter,
    in_flight: Gauge,
    pub(crate) connections: Gauge,
    pub(crate) reloads: Counter,
    pub(crate) failed_reloads: Counter,
    uptime: Gauge<f64, AtomicU64>,
    started: std::time::Instant,
}

/// Every label has few values, all of them known beforehand: what a caller sends, such
/// as a path that does not exist, never becomes one.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct CallLabels {
    operation: &'static str,
    status: &'static str,
    caller: Arc<str>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct OperationLabel(&'static str);

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct ReasonLabel(&'static str);

impl EncodeLabelSet for CallLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> std::fmt::Result {
        use prometheus_client::encoding::EncodeLabel;
        ("operation", self.operation).encode(encoder.encode_label())?;
        ("status", self.status).encode(encoder.encode_label())?;
        ("caller", &*self.caller).encode(encoder.encode_label())
    }
}

impl EncodeLabelSet for OperationLabel {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> std::fmt::Result {
        use prometheus_client::encoding::EncodeLabel;
        ("operation", self.0).encode(encoder.encode_label())
    }
}

impl EncodeLabelSet for ReasonLabel {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> std::fmt::Result {
        use prometheus_client::encoding::EncodeLabel;
        ("reason", self.0).encode(encoder.encode_label())
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("plaid_gateway");
        let metrics = Self {
            calls: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            refusals: Family::default(),
            answer_bytes: Counter::default(),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            reloads: Counter::default(),
            failed_reloads: Counter::default(),
            uptime: Gauge::default(),
            started: std::time::Instant::now(),
            registry: Registry::default(),
        };
        let m = &metrics;
        registry.register(
            "calls",
            "Calls by operation, class of status and caller",
            m.calls.clone(),
        );
        registry.register(
            "call_duration_seconds",
            "From the request to the end of the answer",
            m.durations.clone(),
        );
        registry.register(
            "refusals",
            "Calls that the gateway answered itself, by reason",
            m.refusals.clone(),
        );
        registry.register(
            "answer_bytes",
            "Bytes of answers passed on",
            m.answer_bytes.clone(),
        );
        registry.register("calls_in_flight", "Calls under way", m.in_flight.clone());
        registry.register("connections", "Open connections", m.connections.clone());
        registry.register("reloads", "Changed configurations taken", m.reloads.clone());
        registry.register(
            "failed_reloads",
            "Changed configurations refused; the one before stays",
            m.failed_reloads.clone(),
        );
        registry.register(
            "uptime_seconds",
            "Since the gateway was made",
            m.uptime.clone(),
        );
        Self {
            registry,
            ..metrics
        }
    }

    pub(crate) fn call(&self, call: &Call<'_>) {
        let labels = CallLabels {
            operation: call.operation,
            status: class(call.status),
            caller: Arc::clone(call.caller),
        };
        self.calls.get_or_create(&labels).inc();
        if let Some(reason) = call.refusal {
            self.refusals.get_or_create(&ReasonLabel(reason)).inc();
        } else {
            let label = OperationLabel(call.operation);
            let duration = self.durations.get_or_create(&label);
            duration.observe(call.duration.as_secs_f64());
            self.answer_bytes.inc_by(call.bytes);
        }
    }

    /// All figures as text.
    pub(crate) fn text(&self, in_flight: usize) -> String {
        self.in_flight
            .set(i64::try_from(in_flight).unwrap_or(i64::MAX));
        self.uptime.set(self.started.elapsed().as_secs_f64());
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// What is counted of a call.
pub(crate) struct Call<'a> {
    pub(crate) operation: &'static str,
    pub(crate) status: u16,
    pub(crate) caller: &'a Arc<str>,
    pub(crate) refusal: Option<&'static str>,
    pub(crate) duration: Duration,
    pub(crate) bytes: u64,
}

fn class(status: u16) -> &'static str {
    match status {
        200..=299 => "2xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
