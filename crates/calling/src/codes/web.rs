super::codes! {
    /// Errors of the newest web component where it differs from [`ComponentError`].
    ///
    /// Its numbers -1100 to -1107 say that a camera or a microphone could not be started, used,
    /// or is occupied or missing; public texts do not say which says what.
    ///
    /// [`ComponentError`]: super::ComponentError
    WebError {
        InvalidParameter = -1001, "a parameter is wrong";
        NotInitialised = -1002, "not initialised yet";
        PermissionDenied = -1003, "the account may not do this";
        PaymentRequired = -1004, "the application's package does not include this";
        UserNotFound = -2200, "there is no such user";
    }
}
