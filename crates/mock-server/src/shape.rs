//! The shapes of what is written as text: for `#[schemars(with)]`, where the type comes from a crate that knows no JSON Schema.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// A shape with a name of its own in the schema.
macro_rules! shape {
    ($(#[$doc:meta])* $name:ident, $called:literal, $schema:tt) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $called.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

shape!(
    /// A stretch of time.
    DurationText, "Duration", {
        "description": "A number with its unit, as in `500ms`, `4s`, `15m` or `1h30m`.",
        "type": "string",
        "pattern": "[0-9] ?([A-Za-zµ]|:)"
    }
);
shape!(
    /// An instance or an image.
    IdText, "Id", {
        "description": "A UUID: 8-4-4-4-12 hexadecimal digits with hyphens.",
        "type": "string",
        "pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
    }
);
shape!(
    /// A project.
    ProjectText, "ProjectId", {
        "description": "The id of a project: up to 64 letters, digits, hyphens and underscores. Quote one that looks like a number.",
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]{1,64}$"
    }
);
shape!(
    /// A rate.
    RateText, "Rate", {
        "description": "So many calls in so long a time: `10/m`, `20/s`, `100/5m`.",
        "type": "string",
        "pattern": "^ *[0-9]+ */ *[0-9]*[A-Za-z ]+$"
    }
);
shape!(
    /// How a clock goes.
    ClockText, "Clock", {
        "description": "`real`; `manual`: it moves when it is told to; a speed such as `60x`; or a step such as `step 30s`, by which it moves at each status read.",
        "type": "string",
        "pattern": "^(real|manual|[0-9]+x|step .+)$"
    }
);
shape!(
    /// A life cycle.
    LifeCycleText, "LifeCycle", {
        "description": "Which of the provider's documents `state` follows.",
        "enum": ["prose", "diagram-2025", "diagram-2026"]
    }
);
