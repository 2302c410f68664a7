super::codes! {
    /// Errors of the call component: its own since 2022, those of the generations before, and
    /// those of the chat service that it passes on.
    ///
    /// `-1` and `-10` are those of the Flutter plugin; 60001 to 60006 and 65535 those of the older
    /// web component.
    ComponentError {
        NoPackage = -1001, "the application has no package for calls";
        PackageLacksFeature = -1002, "the application's package lacks this";
        ChatSdkTooOld = -1003, "the chat library is too old";
        PermissionDenied = -1101, "the device or the account may not do this";
        DeviceListFailed = -1102, "the devices could not be listed";
        NotInitialised = -1201, "not initialised yet";
        BadParameter = -1202, "a parameter is wrong";
        WrongState = -1203, "not possible in this state of the call";
        Repeated = -1204, "this was asked for already";
        SceneUnsupported = -1205, "not possible in this kind of call";
        SignallingSendFailed = -1401, "a signalling message could not be sent";
        SignallingFailed = -1406, "the signalling request failed";
        AlreadyInCall = -10, "this device is in a call already";
        BadParameterOrInCall = -1, "a parameter is wrong, or this device is in a group call already";
        SwitchToAudioFailed = 60_001, "the call could not be made a voice call";
        SwitchToVideoFailed = 60_002, "the call could not be made a video call";
        WebNoMicrophone = 60_003, "there is no microphone";
        WebNoCamera = 60_004, "there is no camera";
        WebDeviceDenied = 60_005, "the browser may not use the device";
        WebRtcMissing = 60_006, "the browser has no WebRTC";
        WebUnknown = 65_535, "something unknown failed";
        NotLoggedIn = 6014, "not signed in to the chat service";
        InvalidParameters = 6017, "the chat service was given wrong parameters";
        UserSigExpired = 6206, "the UserSig has expired";
        KickedOffline = 6208, "the same account signed in on another terminal";
        ChatPackageMissing = 7013, "the chat package does not include this";
        InviteNotFound = 8010, "there is no such invite, or it was handled already";
        InviteNoPermission = 8011, "the invite is not the asker's";
        InviteDuplicate = 8012, "the invite exists already";
        CalleeNeverSignedIn = 8021, "the callee has never signed in";
        BadUserId = 20_003, "there is no such user";
        Blacklisted = 20_007, "the callee does not take messages from this user";
        RoomPackageMissing = -100_035, "the application has no package for media rooms";
    }
}
