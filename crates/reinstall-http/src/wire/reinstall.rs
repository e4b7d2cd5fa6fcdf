//! ReinstallOS: `PUT /v1/{project_id}/instances/reinstall` (api-facts 1).

use reinstall_core::id::{ImageId, InstanceId};
use reinstall_core::instance_set::InstanceSet;
use reinstall_core::secret::AdminPassword;
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

/// The request body as the client writes it.
///
/// It borrows the password and has no `Debug`. `image_id` is left out, not sent empty, where the current image is kept:
/// older documents do not know the empty string.
#[derive(Serialize)]
pub struct ReinstallRequest<'a> {
    /// What to install; `None` keeps each instance's current image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<ImageId>,
    /// What will open the new system.
    #[serde(serialize_with = "expose")]
    pub password: &'a AdminPassword,
    /// Whom to wipe.
    pub instance_id_set: &'a InstanceSet,
}

fn expose<S: Serializer>(password: &&AdminPassword, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(password.expose())
}

impl ReinstallRequest<'_> {
    /// The most bytes a body can have: 50 ids of 39 bytes, an image id, and a password of 26 characters, with room to spare.
    const BYTES_MAX: usize = 4 * 1024;

    /// The body's bytes, wiped from memory when dropped.
    ///
    /// The buffer never grows, since a buffer that moves leaves a copy of the password behind.
    ///
    /// # Errors
    /// If the body does not fit, which no admitted password and no [`InstanceSet`] can bring about.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        let mut buffer = Zeroizing::new(vec![0; Self::BYTES_MAX]);
        let mut free = buffer.as_mut_slice();
        serde_json::to_writer(&mut free, self)?;
        let len = Self::BYTES_MAX - free.len();
        buffer.truncate(len);
        Ok(buffer)
    }
}

/// The request body as a server reads it, before anything about it has been checked. No `Debug`, for it holds a password.
#[derive(Deserialize)]
pub struct ReceivedReinstall {
    /// What to install; absent, `null` and empty all keep the current image.
    pub image_id: Option<String>,
    /// What will open the new system. Required, says the document.
    #[serde(default, deserialize_with = "wiped")]
    pub password: Option<Zeroizing<String>>,
    /// Whom to wipe. What none at all means is not documented.
    pub instance_id_set: Option<Vec<String>>,
}

fn wiped<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Zeroizing<String>>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Zeroizing::new))
}

/// The body of a 202.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReinstallReply {
    /// The instances whose reinstall was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instances: Option<Vec<AcceptedInstance>>,
}

/// One instance whose reinstall was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AcceptedInstance {
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl ReinstallReply {
    /// The reply that accepts these instances.
    #[must_use]
    pub fn accepting(ids: &[InstanceId]) -> Self {
        let accepted = |id: &InstanceId| AcceptedInstance { id: Some(id.to_string()) };
        Self { instances: Some(ids.iter().map(accepted).collect()) }
    }

    /// The ids that were named, and how many rows named none that can be read.
    #[must_use]
    pub fn ids(&self) -> (Vec<InstanceId>, usize) {
        let rows = self.instances.as_deref().unwrap_or_default();
        let ids: Vec<InstanceId> = rows.iter().filter_map(|row| row.id.as_deref()?.parse().ok()).collect();
        let unreadable = rows.len() - ids.len();
        (ids, unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reinstall_core::login::PasswordPolicy;

    fn body(image_id: Option<ImageId>, ids: std::ops::Range<u128>) -> String {
        let password = PasswordPolicy::for_os(None).admit(Zeroizing::new("Abcdef1!/".into())).unwrap();
        let set = InstanceSet::new(ids.map(InstanceId::from_bits).collect()).unwrap();
        let request = ReinstallRequest { image_id, password: &password, instance_id_set: &set };
        String::from_utf8(request.to_bytes().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn the_request_is_spelled_as_documented() {
        assert_eq!(
            body(None, 1..3),
            r#"{"password":"Abcdef1!/","instance_id_set":["00000000-0000-0000-0000-000000000001","00000000-0000-0000-0000-000000000002"]}"#
        );
        assert_eq!(
            body(Some(ImageId::from_bits(7)), 1..2),
            r#"{"image_id":"00000000-0000-0000-0000-000000000007","password":"Abcdef1!/","instance_id_set":["00000000-0000-0000-0000-000000000001"]}"#
        );
    }

    #[test]
    fn the_largest_request_fits() {
        let text = body(Some(ImageId::from_bits(7)), 0..50);
        assert!(text.len() < ReinstallRequest::BYTES_MAX / 3 * 2, "{}", text.len());
    }

    #[test]
    fn a_server_reads_what_a_client_writes_and_less() {
        let received: ReceivedReinstall = serde_json::from_str(&body(None, 1..3)).unwrap();
        assert_eq!(received.password.unwrap().as_str(), "Abcdef1!/");
        assert_eq!(received.instance_id_set.unwrap().len(), 2);
        for text in ["{}", r#"{"image_id":null,"password":null,"instance_id_set":null,"x":1}"#] {
            let received: ReceivedReinstall = serde_json::from_str(text).unwrap();
            assert!(received.password.is_none() && received.image_id.is_none(), "{text}");
        }
    }

    #[test]
    fn replies_name_some_instances_or_none() {
        for (text, count, unreadable) in [
            (r#"{"instances":[{"id":"00000000-0000-0000-0000-000000000001"}]}"#, 1, 0),
            (r#"{"instances":[{"id":"i-1"},{"id":null},{},{"id":"00000000-0000-0000-0000-000000000001"}]}"#, 1, 3),
            (r#"{"instances":[],"job_id":"new"}"#, 0, 0),
            (r#"{"instances":null}"#, 0, 0),
            ("{}", 0, 0),
        ] {
            let reply: ReinstallReply = serde_json::from_str(text).unwrap();
            let (ids, missed) = reply.ids();
            assert_eq!((ids.len(), missed), (count, unreadable), "{text}");
        }
        let ids = [InstanceId::from_bits(1), InstanceId::from_bits(2)];
        assert_eq!(ReinstallReply::accepting(&ids).ids(), (ids.to_vec(), 0));
    }
}
