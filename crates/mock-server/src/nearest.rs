//! What a name is most likely a slip of.

/// The one of `known` that is most like `given`, if it is at least so much like it, by Jaro and Winkler: 1 is the same.
pub(crate) fn nearest<'a>(given: &str, known: &[&'a str], likeness_min: f64) -> Option<&'a str> {
    let likeness = |known: &str| strsim::jaro_winkler(known, given);
    let nearest = known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    nearest.filter(|known| likeness(known) >= likeness_min)
}
