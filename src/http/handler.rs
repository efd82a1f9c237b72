//! How a row of the table of routes names the method that it calls.

/// Calls a method of [`Api`](crate::api::Api). `await` marks heavy work, which must be admitted; `turns` a method that waits
/// and is not heavy.
macro_rules! call {
    ($api:expr, $method:ident($message:expr, $context:expr)) => {
        $api.$method($message, $context)
    };
    ($api:expr, $method:ident($message:expr, $context:expr) turns) => {
        $api.$method($message, $context).await
    };
    ($api:expr, $method:ident($message:expr, $context:expr) await) => {{
        let _admitted = $api.admit_heavy($context)?;
        $api.$method($message, $context).await
    }};
}

/// A handler that calls a method of [`Api`](crate::api::Api): `lookup(LookupRequest)`, with `.await` where the method waits, or
/// `.turns` where it waits for other lookups only. `{ number }` names the field that the text in the path fills, `, report` the
/// field that is the body.
macro_rules! handler {
    ($method:ident($request:ident) $(. $wait:tt)?) => {
        handler!(@run None, $method $(. $wait)?, |message: v1::$request| message, |_| None)
    };
    ($method:ident($request:ident) $(. $wait:tt)? { $field:ident }) => {
        handler!(
            @run Some(stringify!($field)),
            $method $(. $wait)?,
            |message: v1::$request| message,
            |message| Some(&mut message.$field)
        )
    };
    ($method:ident($request:ident) $(. $wait:tt)?, $field:ident) => {
        handler!(@run None, $method $(. $wait)?, |body| v1::$request { $field: Some(body) }, |_| None)
    };
    (@run $path_field:expr, $method:ident $(. $wait:tt)?, $message_of:expr, $path_slot:expr) => {
        Handler {
            path_field: $path_field,
            run: |request| {
                Box::pin(async move {
                    let Decoded { api, message, context } = request.decode($message_of, $path_slot).await?;
                    let result = call!(api, $method(message, &context) $($wait)?);
                    json::respond(&result?)
                })
            },
        }
    };
}

pub(super) use {call, handler};
