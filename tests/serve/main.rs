//! `tidegate serve`, over loopback: the contract, who may ask, what happens under attack and under load, and how it changes and ends.

mod admin;
mod api;
mod attacks;
mod callbacks;
mod embedded;
mod load;
mod log;
mod overload;
mod reload;
mod server;
mod stream;
#[cfg(feature = "serve-tls")]
mod tls;
