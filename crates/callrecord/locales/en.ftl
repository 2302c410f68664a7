# Texts of call messages, English.
# The attributes .flutter and .web are what those programs say instead of the value.

## What an action does (message widgets, conversation list)
action-send = Started a call
action-cancel = Cancelled the call
action-accept = Accepted the call
action-reject = Declined the call
action-timeout = Not answered in time
talked = Call time: { $time }
ended = Call ended
custom = [Custom]

## The conversation list
kind-voice = Voice call
kind-video = Video call
kind-unknown = Call
summary = [{ $kind }]: { $what }
summary-plain = [{ $kind }]

## A call of two
direct-send = Start Call
    .web = { $kind }
direct-accept = Answered
direct-reject-caller = Call declined by user
    .web = Other Side Decline
direct-reject-callee = Declined
    .web = Decline
direct-cancel-caller = Canceled
    .web = Call Cancel
direct-cancel-callee = Call canceled by caller
    .web = Other Side Cancel
direct-hangup = Duration: { $time }
    .web = Call duration：{ $time }
direct-timeout-caller = Call wasn't answered
    .web = Other Side No Answer
direct-timeout-callee = Call timeout
    .flutter = Call canceled by caller
    .web = No answer
direct-busy-caller = Line busy
    .web = Line Busy
direct-busy-callee = Line busy
    .flutter = Call canceled by caller
    .web = Other Side Line Busy
direct-switch-to-audio = Switch to audio
direct-switch-to-audio-confirm = Confirm
direct-switch-to-video = Switch to video
direct-switch-to-video-confirm = Confirm

## A group
group-send = { $name } initiated a group call
group-end = End group call
group-accept = Answered by { $names }
group-reject = Call declined by { $names }
group-timeout = { $names } no answer
group-busy = { $names } line busy
group-switch-to-audio = { $name } switched to audio
group-switch-to-audio-confirm = { $names } agreed to switch to audio
group-switch-to-video = { $name } switched to video
group-switch-to-video-confirm = { $names } agreed to switch to video

## The message widget of a group
group-item-send = { $name } started a call
group-item-accept = { $names } accepted the call
group-item-reject = { $names } declined the call
group-item-timeout = { $names } did not answer in time

## Names
list-separator = {", "}
list-last = {" and "}
somebody = Someone

## While calling
phrase-peer-rejected = The other side declined the call
phrase-peer-busy = The other side is busy
phrase-peer-no-response = The other side did not respond
phrase-peer-hung-up = The other side hung up, the call is over
phrase-waiting = Waiting for the other side to accept
phrase-invites-voice = invites you to a voice call
phrase-invites-video = invites you to a video call
phrase-invites-group = invites you to a group call
phrase-connected = Connected
phrase-in-call = In a call
phrase-new-call = You have a new call

## Counts and durations
missed-calls = { $count ->
    [one] { $count } missed call
   *[other] { $count } missed calls
}
in-call = { $count ->
    [one] { $count } person in the call
   *[other] { $count } people in the call
}
hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
duration-separator = {" "}
