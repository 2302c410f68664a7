//! Call records, call messages and their texts.
