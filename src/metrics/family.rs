//! Handles on metrics and on families of metrics. They are made once, so that recording is one atomic addition without
//! a lookup by name.

use std::marker::PhantomData;

use metrics::{Counter, Gauge, Histogram, Key, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::catalogue::{CATALOGUE, Type};
use super::label::Label;

const METADATA: Metadata<'static> = Metadata::new("ringwarden", Level::INFO, None);

/// Makes the handles for the metrics of one server.
pub(super) struct Registry(PrometheusRecorder);

impl Registry {
    /// A registry with the descriptions of the catalogue. `buckets` holds the upper bounds of each histogram.
    pub(super) fn new(buckets: &[(&str, &[f64])]) -> Self {
        let mut builder = PrometheusBuilder::new();
        for (name, bounds) in buckets {
            #[expect(
                clippy::expect_used,
                reason = "fails only for an empty list of bounds, and all lists are constants"
            )]
            let with_bounds = builder
                .set_buckets_for_metric(Matcher::Full((*name).to_owned()), bounds)
                .expect("a histogram has buckets");
            builder = with_bounds;
        }
        let recorder = builder.build_recorder();
        for (name, kind, help) in CATALOGUE {
            match kind {
                Type::Counter => recorder.describe_counter((*name).into(), None, (*help).into()),
                Type::Gauge => recorder.describe_gauge((*name).into(), None, (*help).into()),
                Type::Histogram => recorder.describe_histogram((*name).into(), None, (*help).into()),
            }
        }
        Self(recorder)
    }

    pub(super) fn counter(&self, name: &'static str) -> Counter {
        self.0.register_counter(&Key::from_static_name(name), &METADATA)
    }

    pub(super) fn gauge(&self, name: &'static str) -> Gauge {
        self.0.register_gauge(&Key::from_static_name(name), &METADATA)
    }

    pub(super) fn labelled_gauge(&self, name: &'static str, label: &'static str, value: &'static str) -> Gauge {
        let key = Key::from_parts(name, &[(label, value)]);
        self.0.register_gauge(&key, &METADATA)
    }

    pub(super) fn histogram(&self, name: &'static str) -> Histogram {
        self.0.register_histogram(&Key::from_static_name(name), &METADATA)
    }

    pub(super) fn counters<L: Label>(&self, name: &'static str) -> Counters<L> {
        let make = |label: &L| {
            let key = Key::from_parts(name, &[(L::NAME, label.value())]);
            self.0.register_counter(&key, &METADATA)
        };
        Counters {
            handles: L::ALL.iter().map(make).collect(),
            label: PhantomData,
        }
    }

    pub(super) fn gauges<L: Label>(&self, name: &'static str) -> Gauges<L> {
        let make = |label: &L| self.labelled_gauge(name, L::NAME, label.value());
        Gauges {
            handles: L::ALL.iter().map(make).collect(),
            label: PhantomData,
        }
    }

    pub(super) fn counters_by_2<A: Label, B: Label>(&self, name: &'static str) -> CountersBy2<A, B> {
        let pairs = A::ALL.iter().flat_map(|a| B::ALL.iter().map(move |b| (a, b)));
        let make = |(a, b): (&A, &B)| {
            let key = Key::from_parts(name, &[(A::NAME, a.value()), (B::NAME, b.value())]);
            self.0.register_counter(&key, &METADATA)
        };
        CountersBy2 {
            handles: pairs.map(make).collect(),
            labels: PhantomData,
        }
    }

    pub(super) fn into_exporter(self) -> PrometheusHandle {
        self.0.handle()
    }
}

/// A counter for each value of a label.
pub(super) struct Counters<L> {
    /// In the order of [`Label::ALL`].
    handles: Box<[Counter]>,
    label: PhantomData<L>,
}

impl<L: Label> Counters<L> {
    pub(super) fn increment(&self, label: L, by: u64) {
        if let Some(counter) = self.handles.get(label.position()) {
            counter.increment(by);
        }
    }
}

/// A gauge for each value of a label.
pub(super) struct Gauges<L> {
    /// In the order of [`Label::ALL`].
    handles: Box<[Gauge]>,
    label: PhantomData<L>,
}

impl<L: Label> Gauges<L> {
    pub(super) fn add(&self, label: L, more: f64) {
        if let Some(gauge) = self.handles.get(label.position()) {
            gauge.increment(more);
        }
    }

    pub(super) fn set(&self, label: L, value: f64) {
        if let Some(gauge) = self.handles.get(label.position()) {
            gauge.set(value);
        }
    }
}

/// A counter for each pair of values of two labels.
pub(super) struct CountersBy2<A, B> {
    /// In the order of the first label, then of the second.
    handles: Box<[Counter]>,
    labels: PhantomData<(A, B)>,
}

impl<A: Label, B: Label> CountersBy2<A, B> {
    pub(super) fn increment(&self, a: A, b: B) {
        if let Some(counter) = self.handles.get(a.position() * B::ALL.len() + b.position()) {
            counter.increment(1);
        }
    }
}
