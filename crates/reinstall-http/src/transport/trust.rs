//! Whom to trust over TLS: whoever the platform does, and those who were given.
//!
//! Both pools share one [`Trust`], since reading the platform's certificates is most of what setting a client up takes.

use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::TransportError;

/// How TLS is spoken, whatever goes over it.
pub(super) struct Trust {
    config: ClientConfig,
    /// Whether there is nobody to trust, so that every server is refused.
    pub(super) in_nobody: bool,
}

impl Trust {
    /// Reads the platform's certificates, and those in `extra`, each in PEM form.
    ///
    /// A platform without any is no error yet: plain HTTP to this machine needs none.
    pub(super) fn new(extra: &[Vec<u8>]) -> Result<Self, TransportError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Verifier::new_with_extra_roots(certificates(extra)?, Arc::clone(&provider));
        let in_nobody = verifier.is_err();
        let start = || {
            let config = ClientConfig::builder_with_provider(Arc::clone(&provider));
            config.with_protocol_versions(&[&TLS13, &TLS12]).map_err(TransportError::Tls)
        };
        let config: ConfigBuilder<ClientConfig, WantsClientCert> = match verifier {
            Ok(verifier) => start()?.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
            Err(error) => {
                tracing::debug!(%error, "no server can be trusted over TLS");
                start()?.with_root_certificates(RootCertStore::empty())
            }
        };
        Ok(Self { config: config.with_no_client_auth(), in_nobody })
    }

    /// The settings for whoever speaks these protocols, the one to be preferred first.
    pub(super) fn offering(&self, protocols: &[&str]) -> ClientConfig {
        let mut config = self.config.clone();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        config
    }
}

/// The certificates in all these files, each of which has one and none that could not be trusted.
fn certificates(files: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let mut all = vec![];
    for pem in files {
        all.extend(certificates_in(pem)?);
    }
    Ok(all)
}

/// The certificates in one file.
pub(super) fn certificates_in(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let mut all = vec![];
    for (entry, certificate) in (1..).zip(CertificateDer::pem_slice_iter(pem)) {
        let certificate = certificate.map_err(|error| TransportError::Pem { entry, why: error.to_string() })?;
        let added = RootCertStore::empty().add(certificate.clone());
        added.map_err(|source| TransportError::Certificate { entry, source })?;
        all.push(certificate);
    }
    if all.is_empty() { Err(TransportError::NoCertificate) } else { Ok(all) }
}
