"""GStreamer's webrtcbin as a tool in a call: publishes a tone by WHIP or records what it receives by
WHEP.

    whip_gstreamer.py publish URL TOKEN --tone 700 [--video [--codec VP8]]
    whip_gstreamer.py receive URL TOKEN --record heard.wav [--video [--codec VP8]]

With --video it shows a blue picture, or says the colour of what it sees and counts it. Says "connected" once media
flows, and ends in order on SIGTERM.
"""

import argparse
import array
import hashlib
import re
import signal
import ssl
import subprocess
import urllib.parse
import wave

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

from whip_http import Session  # noqa: E402

RATE_HZ = 48_000
AUDIO = (
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=96,clock-rate=48000,"
    "encoding-params=(string)2"
)
VIDEO = "application/x-rtp,media=video,encoding-name={codec},payload=97,clock-rate=90000{fmtp}"
H264_FMTP = ",packetization-mode=(string)1,profile-level-id=(string)42e01f"
PUBLISH_AUDIO = (
    "webrtcbin name=peer bundle-policy=max-bundle "
    "audiotestsrc is-live=true wave=sine freq={tone} volume=0.4 ! audio/x-raw,rate=48000 "
    f"! opusenc ! rtpopuspay pt=96 ! {AUDIO} ! peer. "
)
PUBLISH_VIDEO = (
    "videotestsrc is-live=true pattern=solid-color foreground-color=0xff0000ff "
    "! video/x-raw,format=I420,width=320,height=240,framerate=15/1,colorimetry=bt601 "
    "! {encode} pt=97 ! {caps} ! peer. "
)
# By codec: what encodes and packetises, what does the reverse.
ENCODE = {
    "VP8": "vp8enc deadline=1 keyframe-max-dist=30 ! rtpvp8pay",
    "VP9": "vp9enc deadline=1 cpu-used=8 keyframe-max-dist=30 ! rtpvp9pay",
    "H264": "openh264enc gop-size=30 ! video/x-h264,profile=constrained-baseline "
    "! rtph264pay config-interval=-1 aggregate-mode=zero-latency",
}
DECODE = {
    "VP8": "rtpvp8depay ! vp8dec",
    "VP9": "rtpvp9depay ! vp9dec",
    "H264": "rtph264depay ! h264parse ! openh264dec",
}
RECEIVE_AUDIO = (
    "rtpopusdepay ! opusdec ! audioconvert ! audioresample "
    f"! audio/x-raw,format=S16LE,rate={RATE_HZ},channels=1 "
    "! appsink name=sink emit-signals=true sync=false"
)
RECEIVE_VIDEO = (
    "{decode} ! videoconvert ! video/x-raw,format=I420 "
    "! appsink name=sink emit-signals=true sync=false"
)


def certificate():
    """A self-signed certificate of ECDSA and then, as GStreamer wants it, its key (PEM)."""
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30"
    command += " -subj /CN=tool -keyout - -out -"
    made = subprocess.run(command.split(), check=True, capture_output=True, text=True).stdout
    begin = made.index("-----BEGIN CERTIFICATE-----")
    return made[begin:] + made[:begin]


def video_caps(codec):
    return VIDEO.format(codec=codec, fmtp=H264_FMTP if codec == "H264" else "")


class Tool:
    def __init__(self, args):
        self.args = args
        self.loop = GLib.MainLoop()
        self.session = None
        self.file = None
        self.heard = False
        self.frames = 0
        self.offering = False
        if args.what == "publish":
            video = PUBLISH_VIDEO.format(encode=ENCODE[args.codec], caps=video_caps(args.codec))
            pipeline = PUBLISH_AUDIO.format(tone=args.tone) + (video if args.video else "")
            self.pipeline = Gst.parse_launch(pipeline)
            self.peer = self.pipeline.get_by_name("peer")
        else:
            self.pipeline = Gst.Pipeline.new()
            self.peer = Gst.ElementFactory.make("webrtcbin", "peer")
            self.peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
            self.pipeline.add(self.peer)
        if urllib.parse.urlsplit(args.url).hostname == "127.0.0.1":
            # By itself libnice leaves loopback out. The agent is kept: Python would free it.
            self.ice = self.peer.get_property("ice-agent")
            self.ice.emit("add-local-ip-address", "127.0.0.1")
        self.certificate = certificate()
        self.pipeline.connect("deep-element-added", self.certify)
        self.peer.connect("notify::ice-gathering-state", self.gathered)
        self.peer.connect("notify::connection-state", self.changed)
        self.peer.connect("pad-added", self.came)

    def run(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, self.loop.quit)
        if self.args.what == "publish":
            self.peer.connect("on-negotiation-needed", self.negotiate)
        self.pipeline.set_state(Gst.State.PLAYING)
        if self.args.what == "receive":
            direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
            for caps in [AUDIO, video_caps(self.args.codec)][: 1 + self.args.video]:
                transceiver = self.peer.emit("add-transceiver", direction, Gst.Caps.from_string(caps))
                transceiver.set_property("do-nack", caps != AUDIO)
            self.negotiate(self.peer)
        self.loop.run()
        if self.session:
            self.session.delete()
        self.pipeline.set_state(Gst.State.NULL)
        if self.file:
            self.file.close()

    def certify(self, _, __, element):
        """GStreamer's own certificates are of RSA, the server's DTLS takes ECDSA."""
        factory = element.get_factory()
        if factory and factory.get_name() == "dtlsdec":
            element.set_property("pem", self.certificate)

    def negotiate(self, peer):
        """Offers, once: now the formats are known."""
        if self.offering:
            return
        self.offering = True
        if self.args.what == "publish":
            direction = GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY
            for index in range(1 + self.args.video):
                transceiver = peer.emit("get-transceiver", index)
                transceiver.set_property("direction", direction)
                # Off unless asked for: pictures would stand still from a loss to the next key frame.
                transceiver.set_property("do-nack", index == 1)
        peer.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered))

    def fingerprint(self):
        alone = self.certificate[: self.certificate.index("-----BEGIN PRIVATE KEY-----")]
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(alone)).hexdigest().upper()
        return "sha-256 " + ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))

    def offered(self, promise):
        # The offer lives in the reply.
        reply = promise.get_reply()
        offer = reply.get_value("offer")
        self.peer.emit("set-local-description", offer, Gst.Promise.new())

    def gathered(self, peer, _):
        state = peer.get_property("ice-gathering-state")
        if state == GstWebRTC.WebRTCICEGatheringState.COMPLETE and not self.session:
            GLib.idle_add(self.post)

    def post(self):
        offer = self.peer.get_property("local-description").sdp.as_text()
        # webrtcbin 1.22 reckons the fingerprint of a given certificate over its key, too.
        offer = re.sub(r"a=fingerprint:[^\r\n]*", f"a=fingerprint:{self.fingerprint()}", offer)
        self.session = Session(self.args.url, self.args.token, offer)
        _, answer = GstSdp.SDPMessage.new_from_text(self.session.answer)
        kind = GstWebRTC.WebRTCSDPType.ANSWER
        description = GstWebRTC.WebRTCSessionDescription.new(kind, answer)
        self.peer.emit("set-remote-description", description, Gst.Promise.new())
        return GLib.SOURCE_REMOVE

    def changed(self, peer, _):
        state = peer.get_property("connection-state")
        print(state.value_nick, flush=True)
        if state == GstWebRTC.WebRTCPeerConnectionState.FAILED:
            GLib.idle_add(self.loop.quit)

    def came(self, _, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        is_audio = pad.get_current_caps().get_structure(0).get_string("media") == "audio"
        video = RECEIVE_VIDEO.format(decode=DECODE[self.args.codec])
        branch = Gst.parse_bin_from_description(RECEIVE_AUDIO if is_audio else video, True)
        sampled = self.sample if is_audio else self.picture
        branch.get_by_name("sink").connect("new-sample", sampled)
        if is_audio:
            self.file = wave.open(self.args.record, "wb")
            self.file.setnchannels(1)
            self.file.setsampwidth(2)
            self.file.setframerate(RATE_HZ)
        self.pipeline.add(branch)
        branch.sync_state_with_parent()
        pad.link(branch.get_static_pad("sink"))

    def picture(self, sink):
        """Says the colour (Y, U, V) of the first picture and of every tenth, and how many there were."""
        sample = sink.emit("pull-sample")
        self.frames += 1
        if self.frames == 1 or self.frames % 10 == 0:
            caps, buffer = sample.get_caps().get_structure(0), sample.get_buffer()
            size = caps.get_int("width").value * caps.get_int("height").value
            planes = buffer.extract_dup(0, buffer.get_size())
            # The middle of each plane.
            places = (size // 2, size + size // 8, size + size * 3 // 8)
            print("sees", *(planes[at] for at in places), flush=True)
            print("frames", self.frames, flush=True)
        return Gst.FlowReturn.OK

    def sample(self, sink):
        buffer = sink.emit("pull-sample").get_buffer()
        pcm = buffer.extract_dup(0, buffer.get_size())
        self.file.writeframes(pcm)
        if not self.heard and any(abs(it) > 1_000 for it in array.array("h", pcm)):
            self.heard = True
            print("heard", flush=True)
        return Gst.FlowReturn.OK


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["publish", "receive"])
    parser.add_argument("url")
    parser.add_argument("token")
    parser.add_argument("--tone", type=float, default=700)
    parser.add_argument("--record", default="heard.wav")
    parser.add_argument("--video", action="store_true")
    parser.add_argument("--codec", choices=sorted(ENCODE), default="VP8")
    Gst.init(None)
    Tool(parser.parse_args()).run()
