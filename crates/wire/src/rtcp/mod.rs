mod arrivals;
mod compound;
mod delivery;
mod feedback;
mod report;

pub use arrivals::{TransportArrival, TransportArrivals, TransportArrivalsError};
pub use compound::{MAX_COMPOUND_PACKETS, RtcpError, RtcpPackets, RtcpView};
pub use delivery::DeliveryReport;
pub use feedback::{Feedback, FullIntraStreams, NackedPackets};
pub use report::{
    GoodbyeView, ReceiverReportView, ReportBlock, ReportBlocks, SenderInfo, SenderReportView,
};

/// RTCP packet types (RFC 3550 section 12.1, RFC 4585 section 6.1).
pub mod packet_type {
    /// Sender report, SR.
    pub const SENDER_REPORT: u8 = 200;
    /// Receiver report, RR.
    pub const RECEIVER_REPORT: u8 = 201;
    /// Source description, SDES.
    pub const SOURCE_DESCRIPTION: u8 = 202;
    /// Goodbye, BYE.
    pub const GOODBYE: u8 = 203;
    /// Application-defined, APP.
    pub const APPLICATION: u8 = 204;
    /// Transport layer feedback: NACK, transport-wide congestion control.
    pub const TRANSPORT_FEEDBACK: u8 = 205;
    /// Payload-specific feedback: PLI, FIR, REMB.
    pub const PAYLOAD_FEEDBACK: u8 = 206;
    /// Extended report, XR (RFC 3611).
    pub const EXTENDED_REPORT: u8 = 207;
}
