# 通话消息的文本，简体中文。
# 属性 .flutter 与 .web 是该程序的不同说法；没有属性时用正文。

## 动作（消息控件、会话列表）
action-send = 发起通话
action-cancel = 取消通话
action-accept = 接受通话
action-reject = 拒绝通话
action-timeout = 超时未接听
talked = 通话时间：{ $time }
ended = 通话结束
custom = [自定义]

## 会话列表
kind-voice = 语音通话
kind-video = 视频通话
kind-unknown = 通话
summary = [{ $kind }]：{ $what }
summary-plain = [{ $kind }]

## 一对一
direct-send = 发起通话
    .web = { $kind }
direct-accept = 接听通话
direct-reject-caller = 对方已拒绝
direct-reject-callee = 已拒绝
direct-cancel-caller = 已取消
direct-cancel-callee = 对方已取消
direct-hangup = 通话时长：{ $time }
direct-timeout-caller = 对方无应答
direct-timeout-callee = 超时无应答
    .flutter = 对方已取消
direct-busy-caller = 对方忙线中
direct-busy-callee = 忙线未接听
    .flutter = 对方已取消
direct-switch-to-audio = 视频转语音
direct-switch-to-audio-confirm = 确认转语音
direct-switch-to-video = 语音转视频
direct-switch-to-video-confirm = 确认转视频

## 群通话
group-send = { $name }发起了群通话
group-end = 通话结束
group-accept = { $names }接听
group-reject = { $names }拒绝群通话
group-timeout = { $names } 未接听
group-busy = { $names } 忙线未接听
group-switch-to-audio = { $name }视频转语音
group-switch-to-audio-confirm = { $names }同意视频转语音
group-switch-to-video = { $name }语音转视频
group-switch-to-video-confirm = { $names }同意语音转视频

## 群通话消息控件
group-item-send = { $name }发起通话
group-item-accept = { $names }接受通话
group-item-reject = { $names }拒绝通话
group-item-timeout = { $names }超时未接听

## 名字
list-separator = 、
list-last = 、
somebody = 有人

## 提示
phrase-peer-rejected = 对方拒绝了通话请求
phrase-peer-busy = 对方忙线
phrase-peer-no-response = 对方未响应
phrase-peer-hung-up = 对方已挂断，通话结束
phrase-waiting = 等待对方接受邀请
phrase-invites-voice = 邀请你进行语音通话
phrase-invites-video = 邀请你进行视频通话
phrase-invites-group = 邀请你进行多人通话
phrase-connected = 已接通
phrase-in-call = 正在通话
phrase-new-call = 您有一个通话请求

## 数量与时长
missed-calls = { $count } 个未接来电
in-call = { $count } 人正在通话
hours = { $count }小时
minutes = { $count }分钟
seconds = { $count }秒
duration-separator = {""}
