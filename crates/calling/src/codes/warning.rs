super::codes! {
    /// Warnings of the media engine the component is built on: nothing ends because of them.
    TrtcWarning {
        HardwareEncoderStartFailed = 1103, "the hardware encoder could not be started";
        EncoderTypeChanged = 1104, "the kind of encoder changed";
        SoftwareToHardwareEncoder = 1107, "encoding moved to hardware since the processor is busy";
        CaptureRateLow = 1108, "the camera gives fewer pictures than asked for";
        SoftwareEncoderStartFailed = 1109, "the software encoder could not be started";
        CaptureResolutionReduced = 1110, "the camera's resolution was reduced";
        NoCamera = 1111, "there is no camera";
        CameraNotAuthorized = 1112, "the program may not use the camera";
        NoMicrophone = 1201, "there is no microphone";
        NoSpeaker = 1202, "there is no loudspeaker";
        MicrophoneNotAuthorized = 1203, "the program may not use the microphone";
        MicrophoneAbnormal = 1204, "the microphone does not work as it should";
        SpeakerAbnormal = 1205, "the loudspeaker does not work as it should";
        VideoDecodeFailed = 2101, "a picture could not be decoded";
        AudioDecodeFailed = 2102, "sound could not be decoded";
        VideoLag = 2105, "the picture lags";
        HardwareDecoderStartFailed = 2106, "the hardware decoder could not be started";
        HardwareToSoftwareDecoder = 2108, "decoding moved to software";
        SoftwareDecoderStartFailed = 2109, "the software decoder could not be started";
        RenderFailed = 2110, "a picture could not be shown";
        UplinkBusy = 1101, "the network does not carry what is sent";
        NetworkBusy = 5103, "the network is busy";
        Disconnected = 5101, "the connection is lost";
        Reconnecting = 5102, "the connection is being tried again";
        AudienceMayNotSend = 6001, "what an audience sends is not passed on";
        HowlingDetected = 7002, "the microphone hears the loudspeaker and howls";
    }
}
