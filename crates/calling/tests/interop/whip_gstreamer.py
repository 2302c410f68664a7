"""GStreamer's webrtcbin as a tool in a call: publishes a tone by WHIP or records what it receives by
WHEP.

    whip_gstreamer.py publish URL TOKEN --tone 700
    whip_gstreamer.py receive URL TOKEN --record heard.wav

Says "connected" once media flows, and ends in order on SIGTERM.
"""

import argparse
import array
import signal
import wave

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

from whip_http import Session  # noqa: E402

RATE_HZ = 48_000
CAPS = "application/x-rtp,media=audio,encoding-name=OPUS,payload=96,clock-rate=48000"
PUBLISH = (
    "webrtcbin name=peer bundle-policy=max-bundle "
    "audiotestsrc is-live=true wave=sine freq={tone} volume=0.4 ! audio/x-raw,rate=48000 "
    f"! opusenc ! rtpopuspay pt=96 ! {CAPS} ! peer."
)
RECEIVE = (
    "rtpopusdepay ! opusdec ! audioconvert ! audioresample "
    f"! audio/x-raw,format=S16LE,rate={RATE_HZ},channels=1 "
    "! appsink name=sink emit-signals=true sync=false"
)


class Tool:
    def __init__(self, args):
        self.args = args
        self.loop = GLib.MainLoop()
        self.session = None
        self.file = None
        self.heard = False
        if args.what == "publish":
            self.pipeline = Gst.parse_launch(PUBLISH.format(tone=args.tone))
            self.peer = self.pipeline.get_by_name("peer")
        else:
            self.pipeline = Gst.Pipeline.new()
            self.peer = Gst.ElementFactory.make("webrtcbin", "peer")
            self.peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
            self.pipeline.add(self.peer)
        self.peer.connect("notify::ice-gathering-state", self.gathered)
        self.peer.connect("notify::connection-state", self.changed)
        self.peer.connect("pad-added", self.came)

    def run(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, self.loop.quit)
        self.pipeline.set_state(Gst.State.PLAYING)
        if self.args.what == "publish":
            transceiver = self.peer.emit("get-transceiver", 0)
            direction = GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY
            transceiver.set_property("direction", direction)
        else:
            direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
            self.peer.emit("add-transceiver", direction, Gst.Caps.from_string(CAPS))
        self.peer.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered))
        self.loop.run()
        if self.session:
            self.session.delete()
        self.pipeline.set_state(Gst.State.NULL)
        if self.file:
            self.file.close()

    def offered(self, promise):
        offer = promise.get_reply().get_value("offer")
        self.peer.emit("set-local-description", offer, Gst.Promise.new())

    def gathered(self, peer, _):
        state = peer.get_property("ice-gathering-state")
        if state == GstWebRTC.WebRTCICEGatheringState.COMPLETE and not self.session:
            GLib.idle_add(self.post)

    def post(self):
        offer = self.peer.get_property("local-description").sdp.as_text()
        self.session = Session(self.args.url, self.args.token, offer)
        _, answer = GstSdp.SDPMessage.new_from_text(self.session.answer)
        kind = GstWebRTC.WebRTCSDPType.ANSWER
        description = GstWebRTC.WebRTCSessionDescription.new(kind, answer)
        self.peer.emit("set-remote-description", description, Gst.Promise.new())
        return GLib.SOURCE_REMOVE

    def changed(self, peer, _):
        state = peer.get_property("connection-state")
        print(state.value_nick, flush=True)

    def came(self, _, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        branch = Gst.parse_bin_from_description(RECEIVE, True)
        branch.get_by_name("sink").connect("new-sample", self.sample)
        self.file = wave.open(self.args.record, "wb")
        self.file.setnchannels(1)
        self.file.setsampwidth(2)
        self.file.setframerate(RATE_HZ)
        self.pipeline.add(branch)
        branch.sync_state_with_parent()
        pad.link(branch.get_static_pad("sink"))

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
    Gst.init(None)
    Tool(parser.parse_args()).run()
