// A browser as a phone: the protocol of docs/protocol.md and one RTCPeerConnection, nothing else.
(() => {
  const phone = { events: [], invites: [], ended: null, failed: null, players: {} };
  window.phone = phone;
  const waiting = new Map();
  const places = new Map();
  // Who entered before there was a connection.
  const early = new Set();
  let socket, pc, call, lastId = 0, turn = Promise.resolve();

  phone.ask = (method, params) =>
    new Promise((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, { resolve, reject });
      socket.send(JSON.stringify({ id: lastId, method, params }));
    });

  phone.start = async (url, app, user, sig) => {
    socket = new WebSocket(url);
    socket.onmessage = ({ data }) => receive(JSON.parse(data));
    await new Promise((open, fail) => Object.assign(socket, { onopen: open, onerror: fail }));
    await phone.ask("hello", { versions: [1], agent: "browser test" });
    await phone.ask("sign_in", {
      sdk_app_id: app, user_id: user, user_sig: sig, device_id: "browser",
    });
  };

  function receive(frame) {
    if (!frame.event) {
      const { resolve, reject } = waiting.get(frame.id);
      waiting.delete(frame.id);
      if (frame.error) reject(new Error(`${frame.error.code} ${frame.error.message}`));
      else resolve(frame.result);
      return;
    }
    const { event, params } = frame;
    if (event !== "volumes") phone.events.push(event);
    if (event === "invited") phone.invites.push(params.facts.call_id);
    if (event === "user_entered") inTurn(() => enter(params.user));
    if (event === "user_left" || event === "member_left") inTurn(() => leave(params.user));
    if (event === "ended") phone.ended = params.outcome;
    if (event === "media_failed") phone.failed = params.error.message;
    if (event === "volumes") phone.volumes = params.volumes;
  }

  // One negotiation at a time.
  function inTurn(work) {
    turn = turn.then(work);
    turn.catch((error) => { phone.failed = String(error); });
    return turn;
  }

  phone.call = async (callees) => {
    const result = await phone.ask("call", { callees, media_type: "audio" });
    return result.facts.call_id;
  };

  phone.connect = (callId) => inTurn(async () => {
    call = callId;
    pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    pc.ontrack = ({ streams: [stream] }) => {
      const audio = new Audio();
      audio.srcObject = stream;
      audio.play();
      phone.players[stream.id] = audio;
    };
    const mic = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    phone.mic = mic.getAudioTracks()[0];
    pc.addTransceiver(phone.mic, { direction: "sendonly", streams: [mic] });
    for (const user of early) places.set(user, pc.addTransceiver("audio", { direction: "recvonly" }));
    early.clear();
    await negotiate({});
  });

  phone.hangUp = () => inTurn(async () => {
    await phone.ask("hangup", { call_id: call });
    pc.close();
    pc = undefined;
    places.clear();
  });

  phone.connected = async () => {
    await phone.until(() => pc?.connectionState === "connected");
    await phone.ask("media_ready", { call_id: call });
  };

  async function negotiate(options) {
    await pc.setLocalDescription(await pc.createOffer(options));
    const subscribe = {};
    for (const [user, { mid }] of places) subscribe[mid] = { user, track: "audio" };
    let { sdp } = pc.localDescription;
    if (phone.withoutSsrc) sdp = sdp.replace(/a=ssrc.*\r\n/g, "");
    const answer = await phone.ask("connect_media", { call_id: call, sdp, subscribe });
    phone.answer = answer.sdp;
    await pc.setRemoteDescription({ type: "answer", sdp: answer.sdp });
  }

  phone.restartIce = () => inTurn(() => negotiate({ iceRestart: true }));

  async function enter(user) {
    if (!pc) {
      early.add(user);
      return;
    }
    const taken = new Set(places.values());
    const free = pc.getTransceivers().find((it) => it.direction === "inactive" && !taken.has(it));
    const place = free ?? pc.addTransceiver("audio");
    place.direction = "recvonly";
    places.set(user, place);
    await negotiate({});
  }

  async function leave(user) {
    early.delete(user);
    const place = places.get(user);
    if (!place) return;
    place.direction = "inactive";
    places.delete(user);
    await negotiate({});
  }

  phone.stats = async () => {
    const stats = { heard: {}, sections: pc.getTransceivers().length };
    for (const it of (await pc.getStats()).values()) {
      if (it.type === "outbound-rtp") stats.sent = it.packetsSent;
      if (it.type === "candidate-pair" && it.nominated) stats.pair = it.id;
      if (it.type === "transport") stats.iceUfrag = it.iceLocalUsernameFragment;
      if (it.type === "transport") stats.dtls = it.dtlsState;
      if (it.type !== "inbound-rtp") continue;
      for (const [user, { mid }] of places) {
        if (mid !== it.mid) continue;
        const { packetsReceived, totalAudioEnergy, ssrc } = it;
        stats.heard[user] = { packets: packetsReceived, energy: totalAudioEnergy, ssrc };
      }
    }
    return stats;
  };

  // Resolves once 100 more packets and some more sound came from `user`.
  phone.hears = async (user) => {
    let first;
    await phone.until(async () => {
      const now = (await phone.stats()).heard[user];
      first ??= now;
      return now && now.packets >= first.packets + 100 && now.energy > first.energy + 1e-5;
    });
    return (await phone.stats()).heard[user];
  };

  // The loudest frequency in what comes from `user`, in Hz, as often as asked.
  phone.listen = (user) => {
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 4096 });
    context.createMediaStreamSource(phone.players[user].srcObject).connect(analyser);
    const bins = new Float32Array(analyser.frequencyBinCount);
    return () => {
      analyser.getFloatFrequencyData(bins);
      return (bins.indexOf(Math.max(...bins)) * context.sampleRate) / analyser.fftSize;
    };
  };

  phone.until = async (condition) => {
    const giveUp = Date.now() + 30000;
    while (!(await condition())) {
      if (phone.failed) throw new Error(phone.failed);
      if (Date.now() > giveUp) {
        throw new Error(`never: ${condition}; ${JSON.stringify(await phone.report())}`);
      }
      await new Promise((soon) => setTimeout(soon, 50));
    }
  };

  phone.report = async () => ({
    events: phone.events, state: pc?.connectionState, stats: pc && (await phone.stats()),
  });
})();
