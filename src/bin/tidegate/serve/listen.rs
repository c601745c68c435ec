//! Connections: how many, how long each may take, and how it ends.

use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_io_timeout::TimeoutStream;

use super::app::App;
use super::audit::Audit;
use super::reload::{Source, at_hangups};
use super::routes::{Handle, router};
use super::{load, notify};
use crate::{Broke, Done, time};

pub(super) use tls::Tls;

/// Bytes of the head of a request.
const HEAD: usize = 32 << 10;
/// How long the head of a request may take on a connection that is one too many.
const BRIEF: Duration = Duration::from_secs(2);
/// How often evidence is looked at that may have to be erased.
const EXPIRE: Duration = Duration::from_secs(3_600);
/// How long a server that is told to end still takes connections, so that a balancer sees that it is not ready.
const NOTICE: Duration = Duration::from_millis(500);

/// Listens until it is told to end, or until packs cannot be loaded.
pub(super) async fn serve(app: Arc<App>, audit: Arc<Audit>, source: Source) -> Result<Done, Broke> {
    let address = app.config().listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| Broke::Usage(format!("cannot listen on {address}: {error}")))?;
    let tls = Tls::load(&app.config())?;
    say_where(listener.local_addr()?, tls.is_some())?;

    let loading = {
        let (app, lang) = (Arc::clone(&app), source.lang);
        tokio::task::spawn_blocking(move || load(&app, lang))
    };
    tokio::spawn(Arc::clone(&app).measure());
    tokio::spawn(at_hangups(Arc::clone(&app), tls.clone(), source));
    tokio::spawn(expire(Arc::clone(&app)));
    let (stop, mut stopped) = oneshot::channel();
    let accepting = tokio::spawn({
        let app = Arc::clone(&app);
        async move {
            let handle = |shed| Handle {
                app: Arc::clone(&app),
                audit: Some(Arc::clone(&audit)),
                shed,
            };
            let door = Door {
                open: router(handle(false)),
                shedding: router(handle(true)),
                tls,
                app,
            };
            let graceful = GracefulShutdown::new();
            loop {
                tokio::select! {
                    _ = &mut stopped => break,
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => door.admit(stream, graceful.watcher()),
                        // Such as too many open files: soon there are fewer.
                        Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                    },
                }
            }
            graceful
        }
    });

    let ended = end();
    tokio::pin!(ended);
    tokio::select! {
        () = &mut ended => {}
        loaded = loading => match loaded {
            Ok(Ok(())) => {
                notify::say("READY=1");
                tracing::info!("ready");
                ended.await;
            }
            Ok(Err(broke)) => return Err(broke),
            Err(_) => return Err(Broke::Usage("loading the packs broke off".to_owned())),
        },
    }
    app.draining.send_replace(true);
    notify::say("STOPPING=1");
    tracing::info!("draining");
    tokio::time::sleep(NOTICE).await;
    // It listens for as long as it is not told.
    let _ = stop.send(());
    let patience = Duration::from_secs(app.config().written.limits.drain_seconds);
    if let Ok(graceful) = accepting.await
        && tokio::time::timeout(patience, graceful.shutdown())
            .await
            .is_err()
    {
        tracing::warn!("some requests were not answered in time, and are broken off");
    }
    Ok(Done::Well)
}

/// Where the server is, for whoever started it.
fn say_where(address: SocketAddr, tls: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}://{address}/", if tls { "https" } else { "http" })?;
    out.flush()
}

type Connection = Pin<Box<TimeoutStream<TcpStream>>>;

/// Where connections come in.
struct Door {
    open: Router,
    shedding: Router,
    tls: Option<Tls>,
    app: Arc<App>,
}

/// Counts a connection for as long as it is there.
struct Guest(Arc<App>);

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Door {
    /// Serves a connection. Beyond the limit, requests are answered without a look and the connection ends; beyond twice the limit, it is closed.
    fn admit(&self, stream: TcpStream, watcher: Watcher) {
        let limits = self.app.config().written.limits;
        let there = self.app.connections.fetch_add(1, Ordering::Relaxed);
        let guest = Guest(Arc::clone(&self.app));
        if there >= 2 * limits.connections {
            self.app.metrics.closed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let shed = there >= limits.connections;
        let router = if shed {
            self.shedding.clone()
        } else {
            self.open.clone()
        };
        let patience = if shed {
            BRIEF
        } else {
            Duration::from_secs(limits.head_seconds)
        };
        let tls = self.tls.clone();
        let taking = Duration::from_secs(limits.stream_seconds);
        // Small answers go out at once.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        // Who takes no answers must not hold a connection for ever.
        stream.set_write_timeout(Some(taking));
        let stream = Box::pin(stream);
        tokio::spawn(async move {
            let _guest = guest;
            match tls {
                None => talk(stream, router, patience, !shed, watcher).await,
                Some(tls) => {
                    if let Some(stream) = tls.accept(stream, patience).await {
                        talk(stream, router, patience, !shed, watcher).await;
                    }
                }
            }
        });
    }
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    router: Router,
    patience: Duration,
    keep: bool,
    watcher: Watcher,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEAD)
        .keep_alive(keep)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A connection that breaks concerns its other end.
    let _ = watcher.watch(connection).await;
}

/// Erases evidence in its time.
async fn expire(app: Arc<App>) {
    loop {
        tokio::time::sleep(EXPIRE).await;
        let Some(alerting) = app.ready.get().and_then(|ready| ready.alerting.clone()) else {
            continue;
        };
        let erased = tokio::task::spawn_blocking(move || alerting.expire(time::now())).await;
        if let Ok(Err(trouble)) = erased {
            tracing::error!(code = trouble.code, "evidence could not be erased");
        }
    }
}

/// Waits until the server is told to end.
#[cfg(unix)]
fn end() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};

    let term = signal(SignalKind::terminate());
    async move {
        let interrupted = tokio::signal::ctrl_c();
        match term {
            Ok(mut term) => tokio::select! {
                _ = term.recv() => {}
                _ = interrupted => {}
            },
            Err(_) => {
                let _ = interrupted.await;
            }
        }
    }
}

#[cfg(not(unix))]
async fn end() {
    let _ = tokio::signal::ctrl_c().await;
}

#[cfg(feature = "serve-tls")]
mod tls {
    use std::sync::{Arc, PoisonError, RwLock};
    use std::time::Duration;

    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio_rustls::server::TlsStream;

    use super::Connection;
    use crate::Broke;
    use crate::serve::config::{self, Config};

    /// The certificate, which may change.
    #[derive(Clone)]
    pub(in crate::serve) struct Tls(Arc<RwLock<Arc<ServerConfig>>>);

    impl Tls {
        pub(super) fn load(config: &Config) -> Result<Option<Self>, Broke> {
            let Some(tls) = &config.tls else {
                return Ok(None);
            };
            let read = read(tls).map_err(Broke::Usage)?;
            Ok(Some(Self(Arc::new(RwLock::new(read)))))
        }

        /// Takes the certificate that is there now; a bad one never replaces a good one.
        pub(in crate::serve) fn reload(&self, config: &Config) {
            match config.tls.as_ref().map(read) {
                Some(Ok(fresh)) => *self.0.write().unwrap_or_else(PoisonError::into_inner) = fresh,
                Some(Err(why)) => {
                    tracing::error!(%why, "the certificate is refused; the one before stays")
                }
                None => {}
            }
        }

        pub(super) async fn accept(
            &self,
            stream: Connection,
            patience: Duration,
        ) -> Option<TlsStream<Connection>> {
            let config = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
            let accepted =
                tokio::time::timeout(patience, TlsAcceptor::from(config).accept(stream)).await;
            accepted.ok()?.ok()
        }
    }

    fn read(tls: &config::Tls) -> Result<Arc<ServerConfig>, String> {
        let failed = |path: &std::path::Path, why: &dyn std::fmt::Display| {
            format!("{}: {why}", path.display())
        };
        let chain = CertificateDer::pem_file_iter(&tls.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| failed(&tls.certificate, &error))?;
        let key =
            PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| failed(&tls.key, &error))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| failed(&tls.certificate, &error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

#[cfg(not(feature = "serve-tls"))]
mod tls {
    use std::time::Duration;

    use super::Connection;
    use crate::Broke;
    use crate::serve::config::Config;

    /// There is none: a configuration that asks for it was refused.
    #[derive(Clone)]
    pub(in crate::serve) enum Tls {}

    impl Tls {
        pub(super) fn load(_: &Config) -> Result<Option<Self>, Broke> {
            Ok(None)
        }

        #[cfg(unix)]
        pub(in crate::serve) fn reload(&self, _: &Config) {
            match *self {}
        }

        pub(super) async fn accept(&self, _: Connection, _: Duration) -> Option<Connection> {
            match *self {}
        }
    }
}
