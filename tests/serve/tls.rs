//! TLS, with a certificate that is made for these tests (`tests/data/tls`, valid for a hundred years).

use std::io::{Read, Write};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

use crate::server::{ACME, Home, Server, answer, configuration};

const CERTIFICATE: &str = include_str!("../data/tls/certificate.pem");
const KEY: &str = include_str!("../data/tls/key.pem");

fn start() -> Server {
    let home = Home::new();
    home.write("certificate.pem", CERTIFICATE);
    home.write("key.pem", KEY);
    let tls = "[tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n";
    Server::begin(home, &configuration(tls), &[])
}

fn client() -> ClientConnection {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).expect("it is PEM");
    roots.add(certificate).expect("it is a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    ClientConnection::new(Arc::new(config), name).expect("a client")
}

fn screen(server: &Server) -> Option<crate::server::Answer> {
    let (mut client, mut stream) = (client(), server.connect());
    let mut stream = Stream::new(&mut client, &mut stream);
    let body = r#"{"text":"a sunflower"}"#;
    write!(
        stream,
        "POST /v1/screen HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {ACME}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    answer(&mut stream)
}

#[test]
fn messages_come_over_tls_and_certificates_change() {
    let server = start();
    server.until(|server| screen(server).is_some_and(|answer| answer.status == 200));
    assert_eq!(
        screen(&server).expect("an answer").json()["action"],
        "block"
    );
    // Whoever does not speak it gets nothing, and holds up nobody.
    let mut plain = server.connect();
    let _ = plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut bytes = Vec::new();
    let _ = plain.read_to_end(&mut bytes);
    assert!(!bytes.starts_with(b"HTTP"));
    // A bad certificate never replaces a good one.
    server.home.write("certificate.pem", "none");
    server.signal("-HUP");
    server.until(|server| {
        server
            .home
            .read("log")
            .contains("the certificate is refused")
    });
    assert_eq!(screen(&server).expect("an answer").status, 200);
}
