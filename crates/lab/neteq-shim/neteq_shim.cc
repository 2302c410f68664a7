// libwebrtc's NetEq as a process: packets and pulls in on standard input, sound and an account of each
// pull out on standard output, in the time that the input tells. The same input gives the same bytes.
// Built by scripts/audio-lab-neteq.sh, spoken to by crates/lab/src/player/webrtc_neteq.rs.
//
// All numbers are little-endian. Input, after the magic "NEQ1":
//   'P' at_us:u64 sequence:u16 timestamp:u32 payload_type:u8 length:u32 payload   a packet came
//   'G' at_us:u64                                                                 10 ms are wanted
// The payload of an Opus frame begins with the frame's index (u32, big-endian), which the decoder here
// takes off and notes: so it is known which frames were heard, and from what. Input ends at end of file.
//
// Output, after the magic "NEQ1", per pull:
//   operation:u8 muted:u8 decoded:u16 target_ms:u32 next_timestamp:u32
//   total concealed silent_concealed inserted removed delay_ms emitted flushed discarded  (u64 each, since
//   the beginning; samples, but delay_ms: milliseconds times samples; flushed: times; discarded: packets)
//   decoded times: index:u32 redundant:u8
//   480 times: sample:i16
// next_timestamp is that of the first sample that this pull leaves to be played.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "api/audio/audio_frame.h"
#include "api/audio_codecs/audio_decoder_factory_template.h"
#include "api/audio_codecs/opus/audio_decoder_opus.h"
#include "api/neteq/neteq.h"
#include "api/rtp_headers.h"
#include "modules/audio_coding/neteq/default_neteq_factory.h"
#include "modules/audio_coding/neteq/neteq_impl.h"
#include "modules/audio_coding/neteq/sync_buffer.h"
#include "rtc_base/logging.h"
#include "rtc_base/ref_counted_object.h"
#include "system_wrappers/include/clock.h"

namespace {

constexpr char kMagic[4] = {'N', 'E', 'Q', '1'};
constexpr size_t kIndexBytes = 4;
constexpr size_t kSamplesPerPull = 480;
constexpr size_t kMaxPayload = 1 << 16;
constexpr int kOpusPayloadType = 111;
constexpr int kRedPayloadType = 63;

[[noreturn]] void Fail(const char* why) {
  std::fprintf(stderr, "neteq-shim: %s\n", why);
  std::exit(1);
}

struct Decoded {
  uint32_t index;
  bool redundant;
};

// The frames decoded since the last pull.
using Log = std::vector<Decoded>;

// A frame that notes when it is decoded.
class NotedFrame : public webrtc::AudioDecoder::EncodedAudioFrame {
 public:
  NotedFrame(std::unique_ptr<EncodedAudioFrame> inner, Decoded self, Log* log)
      : inner_(std::move(inner)), self_(self), log_(log) {}
  size_t Duration() const override { return inner_->Duration(); }
  bool IsDtxPacket() const override { return inner_->IsDtxPacket(); }
  absl::optional<DecodeResult> Decode(rtc::ArrayView<int16_t> out) const override {
    auto result = inner_->Decode(out);
    if (result) log_->push_back(self_);
    return result;
  }

 private:
  const std::unique_ptr<EncodedAudioFrame> inner_;
  const Decoded self_;
  Log* const log_;
};

// libwebrtc's own decoder, behind payloads that begin with an index.
class NotedDecoder : public webrtc::AudioDecoder {
 public:
  NotedDecoder(std::unique_ptr<AudioDecoder> inner, Log* log) : inner_(std::move(inner)), log_(log) {}

  std::vector<ParseResult> ParsePayload(rtc::Buffer&& payload, uint32_t timestamp) override {
    if (payload.size() < kIndexBytes) return {};
    const uint8_t* at = payload.data();
    const uint32_t index = uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | at[3];
    auto parsed = inner_->ParsePayload(
        rtc::Buffer(payload.data() + kIndexBytes, payload.size() - kIndexBytes), timestamp);
    for (auto& result : parsed) {
      // What is of another time than the packet is the frame before, from in-band redundancy.
      const bool redundant = result.timestamp != timestamp;
      const Decoded self = {redundant ? index - 1 : index, redundant};
      result.frame = std::make_unique<NotedFrame>(std::move(result.frame), self, log_);
    }
    return parsed;
  }
  bool HasDecodePlc() const override { return inner_->HasDecodePlc(); }
  size_t DecodePlc(size_t frames, int16_t* out) override { return inner_->DecodePlc(frames, out); }
  void GeneratePlc(size_t samples, rtc::BufferT<int16_t>* out) override {
    inner_->GeneratePlc(samples, out);
  }
  void Reset() override { inner_->Reset(); }
  int ErrorCode() override { return inner_->ErrorCode(); }
  int SampleRateHz() const override { return inner_->SampleRateHz(); }
  size_t Channels() const override { return inner_->Channels(); }

 protected:
  // All decoding goes through the frames that ParsePayload gives.
  int DecodeInternal(const uint8_t*, size_t, int, int16_t*, SpeechType*) override { return -1; }

 private:
  const std::unique_ptr<AudioDecoder> inner_;
  Log* const log_;
};

class NotedFactory : public webrtc::AudioDecoderFactory {
 public:
  // Debian's build leaves Opus out of the built-in factory; this is the decoder that is in it elsewhere.
  explicit NotedFactory(Log* log)
      : inner_(webrtc::CreateAudioDecoderFactory<webrtc::AudioDecoderOpus>()), log_(log) {}
  std::vector<webrtc::AudioCodecSpec> GetSupportedDecoders() override {
    return inner_->GetSupportedDecoders();
  }
  bool IsSupportedDecoder(const webrtc::SdpAudioFormat& format) override {
    return inner_->IsSupportedDecoder(format);
  }
  std::unique_ptr<webrtc::AudioDecoder> MakeAudioDecoder(
      const webrtc::SdpAudioFormat& format, absl::optional<webrtc::AudioCodecPairId> id) override {
    auto inner = inner_->MakeAudioDecoder(format, id);
    if (!inner) return nullptr;
    return std::make_unique<NotedDecoder>(std::move(inner), log_);
  }

 private:
  const rtc::scoped_refptr<webrtc::AudioDecoderFactory> inner_;
  Log* const log_;
};

template <typename T>
bool Read(T* value) {
  uint8_t bytes[sizeof(T)];
  if (std::fread(bytes, sizeof(T), 1, stdin) != 1) return false;
  uint64_t made = 0;
  for (size_t at = sizeof(T); at-- > 0;) made = made << 8 | bytes[at];
  *value = static_cast<T>(made);
  return true;
}

template <typename T>
T Need() {
  T value;
  if (!Read(&value)) Fail("the input ends within a record");
  return value;
}

template <typename T>
void Write(T value) {
  uint8_t bytes[sizeof(T)];
  for (size_t at = 0; at < sizeof(T); ++at) bytes[at] = static_cast<uint8_t>(static_cast<uint64_t>(value) >> 8 * at);
  if (std::fwrite(bytes, sizeof(T), 1, stdout) != 1) Fail("the output is gone");
}

// As in a call of libwebrtc (audio/channel_receive.cc): all defaults, and muted when nothing was heard for
// long, which only saves time.
webrtc::NetEq::Config CallConfig() {
  webrtc::NetEq::Config config;
  config.sample_rate_hz = 48'000;
  config.max_packets_in_buffer = 200;
  config.min_delay_ms = 0;
  config.enable_post_decode_vad = false;
  config.enable_fast_accelerate = false;
  config.enable_muted_state = true;
  return config;
}

class Call {
 public:
  Call()
      : clock_(1'000'000),
        factory_(rtc::make_ref_counted<NotedFactory>(&log_)),
        neteq_(webrtc::DefaultNetEqFactory().CreateNetEq(CallConfig(), factory_, &clock_)) {
    const bool registered =
        neteq_->RegisterPayloadType(kOpusPayloadType, webrtc::SdpAudioFormat("opus", 48'000, 2)) &&
        neteq_->RegisterPayloadType(kRedPayloadType, webrtc::SdpAudioFormat("red", 48'000, 2));
    if (!registered) Fail("NetEq knows no Opus");
  }

  void Insert() {
    Advance(Need<uint64_t>());
    webrtc::RTPHeader header;
    header.sequenceNumber = Need<uint16_t>();
    header.timestamp = Need<uint32_t>();
    header.payloadType = Need<uint8_t>();
    header.ssrc = 1;
    const auto length = Need<uint32_t>();
    if (length > kMaxPayload) Fail("a payload is too long");
    std::vector<uint8_t> payload(length);
    if (length > 0 && std::fread(payload.data(), length, 1, stdin) != 1) Fail("the input ends within a payload");
    // What it refuses it counts itself.
    neteq_->InsertPacket(header, payload);
  }

  void Pull() {
    Advance(Need<uint64_t>());
    bool muted = false;
    if (neteq_->GetAudio(&frame_, &muted) != webrtc::NetEq::kOK) Fail("GetAudio failed");
    Report(muted);
    log_.clear();
  }

 private:
  void Advance(uint64_t at_us) {
    const auto step = static_cast<int64_t>(at_us) - static_cast<int64_t>(at_us_);
    if (step < 0) Fail("time goes backwards");
    clock_.AdvanceTimeMicroseconds(step);
    at_us_ = at_us;
  }

  void Report(bool muted) {
    const auto* impl = static_cast<const webrtc::NetEqImpl*>(neteq_.get());
    const auto* sync = impl->sync_buffer_for_test();
    Write<uint8_t>(static_cast<uint8_t>(impl->last_operation_for_test()));
    Write<uint8_t>(muted);
    Write<uint16_t>(static_cast<uint16_t>(log_.size()));
    Write<uint32_t>(static_cast<uint32_t>(neteq_->TargetDelayMs()));
    Write<uint32_t>(sync->end_timestamp() - static_cast<uint32_t>(sync->FutureLength()));
    const auto life = neteq_->GetLifetimeStatistics();
    const auto state = neteq_->GetOperationsAndState();
    for (uint64_t value : {life.total_samples_received, life.concealed_samples, life.silent_concealed_samples,
                           life.inserted_samples_for_deceleration, life.removed_samples_for_acceleration,
                           life.jitter_buffer_delay_ms, life.jitter_buffer_emitted_count,
                           state.packet_buffer_flushes, life.packets_discarded}) {
      Write<uint64_t>(value);
    }
    for (const Decoded& decoded : log_) {
      Write<uint32_t>(decoded.index);
      Write<uint8_t>(decoded.redundant);
    }
    Sound(muted);
  }

  void Sound(bool muted) {
    if (!muted && frame_.samples_per_channel_ != kSamplesPerPull) {
      // Until the first packet it is silence of another rate.
      if (!log_.empty()) Fail("the sound is not of 48 kHz");
      muted = true;
    }
    const size_t channels = muted ? 1 : frame_.num_channels_;
    const int16_t* samples = muted ? nullptr : frame_.data();
    for (size_t at = 0; at < kSamplesPerPull; ++at) Write<uint16_t>(static_cast<uint16_t>(samples ? samples[at * channels] : 0));
  }

  webrtc::SimulatedClock clock_;
  uint64_t at_us_ = 0;
  Log log_;
  const rtc::scoped_refptr<webrtc::AudioDecoderFactory> factory_;
  const std::unique_ptr<webrtc::NetEq> neteq_;
  webrtc::AudioFrame frame_;
};

}  // namespace

int main() {
  rtc::LogMessage::LogToDebug(rtc::LS_NONE);
  char magic[sizeof(kMagic)];
  if (std::fread(magic, sizeof(magic), 1, stdin) != 1 || std::memcmp(magic, kMagic, sizeof(magic)) != 0) {
    Fail("this is no input for NetEq");
  }
  std::fwrite(kMagic, sizeof(kMagic), 1, stdout);
  Call call;
  uint8_t kind;
  while (Read(&kind)) {
    switch (kind) {
      case 'P': call.Insert(); break;
      case 'G': call.Pull(); break;
      default: Fail("an unknown record");
    }
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}
