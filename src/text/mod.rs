//! Reading a text: the tables, the fold, the skeleton. Filled in step by step.

pub mod tables;
