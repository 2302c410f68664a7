//! Who is who: UserSigs of accounts, and the tokens of operators.

mod limiter;
mod operator;
mod secrets;

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use calling_model::{DeviceId, UnixMillis, UserId};
use calling_signaling::protocol::{Code, ProtocolError, SignInParams};
use calling_signaling::usersig::{self, VerifyParams};

pub use self::limiter::FailureLimiter;
pub(crate) use self::limiter::network;
pub use self::operator::{Operator, ROOT};
pub(crate) use self::secrets::webhook_key;
pub use self::secrets::{AdminToken, Secrets, SecretsError};
use crate::config::{Config, SecretKey};
use crate::storage::Storage;
use crate::telemetry::names;

/// Decides who signs in.
#[derive(Debug)]
pub struct Authenticator {
    sdk_app_id: u32,
    secret_key: SecretKey,
    admin_token: AdminToken,
    auto_create_accounts: bool,
    storage: Storage,
    failures: Mutex<FailureLimiter>,
}

impl Authenticator {
    /// An authenticator over the accounts in `storage`.
    pub fn new(config: &Config, secrets: Secrets, storage: Storage) -> Self {
        Self {
            sdk_app_id: config.sdk_app_id,
            secret_key: secrets.secret_key,
            admin_token: secrets.admin_token,
            auto_create_accounts: config.auto_create_accounts,
            storage,
            failures: Mutex::new(FailureLimiter::new(config.limits.failed_sign_ins_per_minute)),
        }
    }

    /// The application that UserSigs are issued for.
    pub fn sdk_app_id(&self) -> u32 {
        self.sdk_app_id
    }

    /// Signs an account in: its UserSig has to be valid at `at`, and the account has to be there,
    /// or comes to be. `source` has to wait after too many failures.
    ///
    /// # Errors
    /// The stable code and a plain sentence for the client.
    pub async fn sign_in(
        &self,
        source: IpAddr,
        params: &SignInParams,
        now: Instant,
        at: UnixMillis,
    ) -> Result<(), ProtocolError> {
        let result = match self.verify(source, params, now, at) {
            Ok(()) => self.admit(&params.user_id, at).await,
            Err(error) => Err(error),
        };
        let label = result.as_ref().map_or_else(|error| label(error.code), |()| "ok");
        metrics::counter!(names::SIGN_INS, "result" => label).increment(1);
        result
    }

    /// [`Self::sign_in`] of the account that the UserSig itself names.
    ///
    /// # Errors
    /// The stable code and a plain sentence for the client.
    pub async fn sign_in_by_sig(
        &self,
        source: IpAddr,
        user_sig: &str,
        device_id: DeviceId,
        now: Instant,
        at: UnixMillis,
    ) -> Result<UserId, ProtocolError> {
        let params = self.claimed(source, user_sig, device_id, now)?;
        self.sign_in(source, &params, now, at).await?;
        Ok(params.user_id)
    }

    /// [`Self::verify`] of the account that the UserSig itself names.
    ///
    /// # Errors
    /// The stable code and a plain sentence for the client.
    pub fn verify_sig(
        &self,
        source: IpAddr,
        user_sig: &str,
        device_id: DeviceId,
        now: Instant,
        at: UnixMillis,
    ) -> Result<UserId, ProtocolError> {
        let params = self.claimed(source, user_sig, device_id, now)?;
        self.verify(source, &params, now, at)?;
        Ok(params.user_id)
    }

    /// What signs in whom `user_sig` names; nothing of it is proven yet.
    fn claimed(
        &self,
        source: IpAddr,
        user_sig: &str,
        device_id: DeviceId,
        now: Instant,
    ) -> Result<SignInParams, ProtocolError> {
        let claims = match usersig::decode(user_sig) {
            Ok(claims) => claims,
            Err(error) => {
                self.refuse(source, now)?;
                return Err(error.into());
            }
        };
        let (sdk_app_id, user_sig) = (self.sdk_app_id, user_sig.to_owned());
        Ok(SignInParams { sdk_app_id, user_id: claims.user_id, user_sig, device_id })
    }

    /// Checks a UserSig without touching accounts.
    ///
    /// # Errors
    /// The stable code and a plain sentence for the client.
    pub fn verify(
        &self,
        source: IpAddr,
        params: &SignInParams,
        now: Instant,
        at: UnixMillis,
    ) -> Result<(), ProtocolError> {
        let checked = if params.sdk_app_id == self.sdk_app_id {
            let key = self.secret_key.reveal();
            let (user_id, now_s) = (&params.user_id, at.as_secs());
            let expected = VerifyParams { sdk_app_id: self.sdk_app_id, user_id, key, now_s };
            usersig::verify(&params.user_sig, &expected).map(|_| ()).map_err(ProtocolError::from)
        } else {
            Err(usersig::UserSigError::WrongApp.into())
        };
        if checked.is_err() {
            self.refuse(source, now)?;
        }
        checked
    }

    /// Counts a failure of `source`. What is right always passes, so that nobody is locked out by
    /// others behind the same address; keys are too long to be guessed at any rate.
    fn refuse(&self, source: IpAddr, now: Instant) -> Result<(), ProtocolError> {
        let mut limiter = self.limiter();
        limiter.check(source, now)?;
        limiter.failed(source, now);
        Ok(())
    }

    /// Whether `token` is the admin token. Wrong ones count as failures of `source`.
    ///
    /// # Errors
    /// `source` has failed too often and has to wait.
    pub fn is_admin(
        &self,
        source: IpAddr,
        token: &str,
        now: Instant,
    ) -> Result<bool, ProtocolError> {
        let right = self.admin_token.matches(token);
        if !right {
            self.refuse(source, now)?;
        }
        Ok(right)
    }

    /// A UserSig of `user`, valid for `expire_s` seconds from `at`.
    pub fn issue(&self, user: &UserId, expire_s: u64, at: UnixMillis) -> String {
        usersig::sign(&usersig::Params {
            sdk_app_id: self.sdk_app_id,
            user_id: user,
            key: self.secret_key.reveal(),
            now_s: at.as_secs(),
            expire_s,
            userbuf: None,
        })
    }

    async fn admit(&self, user: &UserId, at: UnixMillis) -> Result<(), ProtocolError> {
        let failed = |error| {
            tracing::warn!(%error, "an account could not be looked up");
            let sentence = "the server cannot reach its database; try again in a moment";
            ProtocolError::new(Code::Internal, sentence)
        };
        if self.storage.account_exists(user).await.map_err(failed)? {
            return Ok(());
        }
        if !self.auto_create_accounts {
            let sentence = "there is no such account; ask the operator of the server to make it";
            return Err(ProtocolError::new(Code::UserNotFound, sentence));
        }
        self.storage.create_account(user, at).await.map_err(failed)?;
        Ok(())
    }

    fn limiter(&self) -> MutexGuard<'_, FailureLimiter> {
        // Counts stay usable whatever happened to the thread that held them.
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The `result` label of a refused sign-in.
fn label(code: Code) -> &'static str {
    match code {
        Code::UserSigExpired => "expired",
        Code::UserSigEmpty => "empty",
        Code::UserSigMalformed => "malformed",
        Code::UserSigWrongKey => "wrong_key",
        Code::UserSigWrongUser => "wrong_user",
        Code::UserSigWrongApp => "wrong_app",
        Code::TooManyFailures => "too_many_failures",
        Code::UserNotFound => "no_account",
        Code::Internal => "internal",
        Code::NotInitialised
        | Code::BadParameter
        | Code::WrongState
        | Code::Repeated
        | Code::SceneUnsupported
        | Code::PermissionDenied
        | Code::InviteNotFound
        | Code::NotYourCall
        | Code::KickedOffline
        | Code::MalformedFrame
        | Code::VersionUnsupported
        | Code::RateLimited
        | Code::SessionExpired
        | Code::SignallingFailed
        | Code::Other(_) => "other",
    }
}
