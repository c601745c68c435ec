//! Tells systemd how it goes (`sd_notify`, `Type=notify`).

/// Sends a state to whom `NOTIFY_SOCKET` names; nobody, where it names nobody.
#[cfg(target_os = "linux")]
pub(super) fn say(state: &str) {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let address = match path.to_string_lossy().strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(&path),
    };
    let sent =
        UnixDatagram::unbound().and_then(|socket| socket.send_to_addr(state.as_bytes(), &address?));
    if let Err(error) = sent {
        tracing::warn!(%error, "systemd was not told");
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn say(_: &str) {}
