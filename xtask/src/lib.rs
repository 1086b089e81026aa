//! The pipeline from the description of the API to the generated code.
//!
//! `generate` = [load](document::load) → [check](document::check) →
//! [lower] → [progenitor](emit::progenitor) → [refine](emit::refine) →
//! [write](emit::tree). Each step is a module; each lowering is one small pass.

pub mod commands;
pub mod document;
pub mod emit;
pub mod lower;
pub mod report;
