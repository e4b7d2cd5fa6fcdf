//! TLS for a server: whose certificate, and which protocols.

use std::fmt;
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// How a server speaks TLS: 1.2 or 1.3, and HTTP/1.1 above it, as faults on the socket need.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    certificate_pem: Arc<str>,
}

impl Tls {
    /// Whom a generated certificate is for.
    pub const NAMES: [&'static str; 3] = ["localhost", "127.0.0.1", "::1"];

    /// A new key and a certificate that it signed itself, for [`NAMES`](Self::NAMES). Clients must be told to trust it: see
    /// [`certificate_pem`](Self::certificate_pem). It outlives everybody, whatever their clocks say.
    ///
    /// # Errors
    /// If there are no random numbers to be had.
    pub fn generated() -> Result<Self, TlsError> {
        let key = KeyPair::generate()?;
        let mut certificate = CertificateParams::new(Self::NAMES.map(str::to_owned))?;
        certificate.distinguished_name.push(DnType::CommonName, "reinstall-mock-server");
        Self::from_pem(&certificate.self_signed(&key)?.pem(), &key.serialize_pem())
    }

    /// A certificate, followed by those that lead from it to a root, and its private key (PKCS #8, PKCS #1 or SEC 1), in PEM.
    ///
    /// # Errors
    /// If one of them is missing or not readable, or they do not belong together.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, TlsError> {
        let chain = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(TlsError::Certificate)?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(TlsError::Key)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), certificate_pem: certificate.into() })
    }

    /// The certificate, in PEM: what a client of a generated one has to trust.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.config).into()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The config holds the key.
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// Why a server cannot speak TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate is none.
    #[error("the certificate is not readable as PEM: {0}")]
    Certificate(#[source] pem::Error),
    /// The key is none.
    #[error("the private key is not readable as PEM: {0}")]
    Key(#[source] pem::Error),
    /// They do not belong together, or not to TLS.
    #[error("the certificate and its key are no good: {0}")]
    Unusable(#[from] rustls::Error),
    /// None could be generated.
    #[error("cannot make a certificate: {0}")]
    Generation(#[from] rcgen::Error),
}
