//! REST described for programs (OpenAPI) and shown to people.

use std::sync::LazyLock;

use axum::http::{HeaderName, header};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi as Document, SecurityRequirement};
use utoipa::{Modify, OpenApi};

use super::page::policy;
use super::{accounts, calls, groups, hooks, messages, records, tokens, usersig};

/// Everything under `/v1` that is for operators.
#[derive(OpenApi)]
#[openapi(
    modifiers(&Rules),
    paths(
        accounts::list, accounts::create, accounts::one, accounts::change, accounts::delete,
        accounts::devices, accounts::kick_all, accounts::kick, usersig::issue,
        groups::list, groups::create, groups::one, groups::change, groups::delete,
        groups::members, groups::add, groups::change_member, groups::remove,
        messages::list, messages::send, messages::delete, messages::conversations,
        calls::list, calls::one, calls::start, calls::end,
        records::list, records::one, records::delete_many, records::delete,
        hooks::figures, hooks::dead, hooks::resend_all, hooks::resend, hooks::delete,
        tokens::list, tokens::create, tokens::delete, tokens::audit,
    ),
    tags(
        (name = "accounts", description = "Who there is, and their devices."),
        (name = "groups", description = "Chat groups and their members."),
        (name = "messages", description = "Conversations."),
        (name = "calls", description = "Calls in progress."),
        (name = "records", description = "Calls that are over."),
        (name = "webhooks", description = "Events that could not be told."),
        (name = "operators", description = "Tokens, and who did what."),
    ),
)]
struct Api;

/// What holds for every route.
struct Rules;

impl Modify for Rules {
    fn modify(&self, document: &mut Document) {
        document.info = InfoBuilder::new()
            .title("Calling")
            .version(env!("CARGO_PKG_VERSION"))
            .description(Some(
                "Errors are {\"error\":{\"code\":…,\"message\":…}}. Times are milliseconds since \
                 1970.",
            ))
            .build();
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let sig = ApiKeyValue::with_description("Authorization", "UserSig <user>:<sig>");
        components.add_security_scheme("usersig", SecurityScheme::ApiKey(ApiKey::Header(sig)));
        let none: [&str; 0] = [];
        document.security = Some(vec![SecurityRequirement::new("token", none)]);
    }
}

static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    // Maps of text have no reason to fail.
    Api::openapi().to_json().expect("an OpenAPI document is JSON")
});

const PAGE: &str = include_str!("docs.html");

static POLICY: LazyLock<String> = LazyLock::new(|| policy(PAGE));

/// `GET /v1/openapi.json`
pub(super) async fn document() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}

/// `GET /docs`: shows the document. The page is whole: it loads nothing else.
pub(super) async fn docs() -> ([(HeaderName, &'static str); 2], &'static str) {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
    ];
    (headers, PAGE)
}
