# 通話訊息的文字，繁體中文。
# 屬性 .flutter 與 .web 是該程式的不同說法；沒有屬性時用正文。

## 動作（訊息控制項、會話列表）
action-send = 發起通話
action-cancel = 取消通話
action-accept = 接受通話
action-reject = 拒絕通話
action-timeout = 逾時未接聽
talked = 通話時間：{ $time }
ended = 通話結束
custom = [自訂]

## 會話列表
kind-voice = 語音通話
kind-video = 視訊通話
kind-unknown = 通話
summary = [{ $kind }]：{ $what }
summary-plain = [{ $kind }]

## 一對一
direct-send = 發起通話
    .web = { $kind }
direct-accept = 接聽通話
direct-reject-caller = 對方已拒絕
direct-reject-callee = 已拒絕
direct-cancel-caller = 已取消
direct-cancel-callee = 對方已取消
direct-hangup = 通話時長：{ $time }
direct-timeout-caller = 對方無應答
direct-timeout-callee = 逾時無應答
    .flutter = 對方已取消
direct-busy-caller = 對方忙線中
direct-busy-callee = 忙線未接聽
    .flutter = 對方已取消
direct-switch-to-audio = 視訊轉語音
direct-switch-to-audio-confirm = 確認轉語音
direct-switch-to-video = 語音轉視訊
direct-switch-to-video-confirm = 確認轉視訊

## 群組通話
group-send = { $name }發起了群通話
group-end = 通話結束
group-accept = { $names }接聽
group-reject = { $names }拒絕群通話
group-timeout = { $names } 未接聽
group-busy = { $names } 忙線未接聽
group-switch-to-audio = { $name }視訊轉語音
group-switch-to-audio-confirm = { $names }同意視訊轉語音
group-switch-to-video = { $name }語音轉視訊
group-switch-to-video-confirm = { $names }同意語音轉視訊

## 群組通話訊息控制項
group-item-send = { $name }發起通話
group-item-accept = { $names }接受通話
group-item-reject = { $names }拒絕通話
group-item-timeout = { $names }逾時未接聽

## 名字
list-separator = 、
list-last = 、
somebody = 有人

## 提示
phrase-peer-rejected = 對方拒絕了通話請求
phrase-peer-busy = 對方忙線
phrase-peer-no-response = 對方未回應
phrase-peer-hung-up = 對方已掛斷，通話結束
phrase-waiting = 等待對方接受邀請
phrase-invites-voice = 邀請你進行語音通話
phrase-invites-video = 邀請你進行視訊通話
phrase-invites-group = 邀請你進行多人通話
phrase-connected = 已接通
phrase-in-call = 正在通話
phrase-new-call = 您有一個通話請求

## 數量與時長
missed-calls = { $count } 通未接來電
in-call = { $count } 人正在通話
hours = { $count }小時
minutes = { $count }分鐘
seconds = { $count }秒
duration-separator = {""}
