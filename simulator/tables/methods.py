"""Which fields each method takes: Telegram's own description, as data.

A line is `method: field field …`; a field is `name[!]:type`, `!` where it must be given, `str` where
no type is named. Types: `int float bool str`, `chat` (an id or @name), `file` (an upload, a file id or
a link), `[x]` a list of x, and the names of `objects`.
`+GROUP` stands for the fields of a group.
"""

GROUPS = """
SEND: business_connection_id message_thread_id:int direct_messages_topic_id:int disable_notification:bool
    protect_content:bool allow_paid_broadcast:bool message_effect_id
    suggested_post_parameters:SuggestedPostParameters reply_parameters:ReplyParameters
    reply_markup:ReplyMarkup
EPHEMERAL: ephemeral_message_parameters:EphemeralMessageParameters receiver_user_id:int callback_query_id
CAPTION: caption parse_mode caption_entities:[MessageEntity]
EDIT: business_connection_id chat_id:chat message_id:int inline_message_id reply_markup:InlineKeyboardMarkup
LEGACY: allow_sending_without_reply:bool reply_to_message_id:int
"""

#: Methods that are played.
METHODS = """
getMe:
logOut:
close:
getUpdates: offset:int limit:int timeout:int allowed_updates:[str]
setWebhook: url! certificate:file ip_address max_connections:int allowed_updates:[str]
    drop_pending_updates:bool secret_token
deleteWebhook: drop_pending_updates:bool
getWebhookInfo:
sendMessage: chat_id!:chat text! parse_mode entities:[MessageEntity] link_preview_options:LinkPreviewOptions
    +SEND +EPHEMERAL +LEGACY disable_web_page_preview:bool
forwardMessage: chat_id!:chat from_chat_id!:chat message_id!:int message_thread_id:int
    direct_messages_topic_id:int video_start_timestamp:int disable_notification:bool protect_content:bool
    message_effect_id suggested_post_parameters:SuggestedPostParameters
forwardMessages: chat_id!:chat from_chat_id!:chat message_ids!:[int] message_thread_id:int
    direct_messages_topic_id:int disable_notification:bool protect_content:bool
copyMessage: chat_id!:chat from_chat_id!:chat message_id!:int message_thread_id:int
    direct_messages_topic_id:int video_start_timestamp:int show_caption_above_media:bool
    disable_notification:bool protect_content:bool allow_paid_broadcast:bool message_effect_id
    suggested_post_parameters:SuggestedPostParameters reply_parameters:ReplyParameters
    reply_markup:ReplyMarkup +LEGACY +CAPTION
copyMessages: chat_id!:chat from_chat_id!:chat message_ids!:[int] message_thread_id:int
    direct_messages_topic_id:int disable_notification:bool protect_content:bool remove_caption:bool
sendPhoto: chat_id!:chat photo!:file show_caption_above_media:bool has_spoiler:bool +SEND +EPHEMERAL +LEGACY
    +CAPTION
sendLivePhoto: chat_id!:chat live_photo!:file photo!:file show_caption_above_media:bool has_spoiler:bool
    +SEND +EPHEMERAL +CAPTION
sendAudio: chat_id!:chat audio!:file duration:int performer title thumbnail:file +SEND +EPHEMERAL +LEGACY
    +CAPTION
sendDocument: chat_id!:chat document!:file thumbnail:file disable_content_type_detection:bool +SEND
    +EPHEMERAL +LEGACY +CAPTION
sendVideo: chat_id!:chat video!:file duration:int width:int height:int thumbnail:file cover:file
    start_timestamp:int show_caption_above_media:bool has_spoiler:bool supports_streaming:bool +SEND
    +EPHEMERAL +LEGACY +CAPTION
sendAnimation: chat_id!:chat animation!:file duration:int width:int height:int thumbnail:file
    show_caption_above_media:bool has_spoiler:bool +SEND +EPHEMERAL +LEGACY +CAPTION
sendVoice: chat_id!:chat voice!:file duration:int +SEND +EPHEMERAL +LEGACY +CAPTION
sendVideoNote: chat_id!:chat video_note!:file duration:int length:int thumbnail:file +SEND +EPHEMERAL
    +LEGACY
sendMediaGroup: chat_id!:chat media!:[InputMedia] business_connection_id message_thread_id:int
    direct_messages_topic_id:int disable_notification:bool protect_content:bool allow_paid_broadcast:bool
    message_effect_id reply_parameters:ReplyParameters +LEGACY
sendLocation: chat_id!:chat latitude!:float longitude!:float horizontal_accuracy:float live_period:int
    heading:int proximity_alert_radius:int +SEND +EPHEMERAL +LEGACY
sendVenue: chat_id!:chat latitude!:float longitude!:float title! address! foursquare_id foursquare_type
    google_place_id google_place_type +SEND +EPHEMERAL +LEGACY
sendContact: chat_id!:chat phone_number! first_name! last_name vcard +SEND +EPHEMERAL +LEGACY
sendPoll: chat_id!:chat question! options!:[InputPollOption] business_connection_id message_thread_id:int
    question_parse_mode question_entities:[MessageEntity] is_anonymous:bool type
    allows_multiple_answers:bool allows_revoting:bool shuffle_options:bool allow_adding_options:bool
    hide_results_until_closes:bool members_only:bool country_codes:[str] correct_option_ids:[int]
    explanation explanation_parse_mode explanation_entities:[MessageEntity] explanation_media:InputMedia
    open_period:int close_date:int is_closed:bool description description_parse_mode
    description_entities:[MessageEntity] media:InputMedia disable_notification:bool protect_content:bool
    allow_paid_broadcast:bool message_effect_id reply_parameters:ReplyParameters reply_markup:ReplyMarkup
    +LEGACY correct_option_id:int
sendDice: chat_id!:chat emoji +SEND +LEGACY
sendSticker: chat_id!:chat sticker!:file emoji +SEND +EPHEMERAL +LEGACY
sendChatAction: chat_id!:chat action! business_connection_id message_thread_id:int
setMessageReaction: chat_id!:chat message_id!:int reaction:[ReactionType] is_big:bool
editMessageText: text parse_mode entities:[MessageEntity] link_preview_options:LinkPreviewOptions
    rich_message:InputRichMessage +EDIT disable_web_page_preview:bool
editMessageCaption: show_caption_above_media:bool +CAPTION +EDIT
editMessageMedia: media!:InputMedia +EDIT
editMessageLiveLocation: latitude!:float longitude!:float live_period:int horizontal_accuracy:float
    heading:int proximity_alert_radius:int +EDIT
stopMessageLiveLocation: +EDIT
editMessageReplyMarkup: +EDIT
stopPoll: chat_id!:chat message_id!:int business_connection_id reply_markup:InlineKeyboardMarkup
deleteMessage: chat_id!:chat message_id!:int
deleteMessages: chat_id!:chat message_ids!:[int]
pinChatMessage: chat_id!:chat message_id!:int business_connection_id disable_notification:bool
unpinChatMessage: chat_id!:chat business_connection_id message_id:int
unpinAllChatMessages: chat_id!:chat
answerCallbackQuery: callback_query_id! text show_alert:bool url cache_time:int
getFile: file_id!
getUserProfilePhotos: user_id!:int offset:int limit:int
getStickerSet: name!
getCustomEmojiStickers: custom_emoji_ids!:[str]
uploadStickerFile: user_id!:int sticker!:file sticker_format!
createNewStickerSet: user_id!:int name! title! stickers!:[InputSticker] sticker_type needs_repainting:bool
    sticker_format
addStickerToSet: user_id!:int name! sticker!:InputSticker
deleteStickerFromSet: sticker!
deleteStickerSet: name!
getChat: chat_id!:chat
getChatMember: chat_id!:chat user_id!:int
getChatMemberCount: chat_id!:chat
getChatAdministrators: chat_id!:chat return_bots:bool
leaveChat: chat_id!:chat
setMyCommands: commands!:[BotCommand] scope:BotCommandScope language_code
getMyCommands: scope:BotCommandScope language_code
deleteMyCommands: scope:BotCommandScope language_code
setMyName: name language_code
getMyName: language_code
setMyDescription: description language_code
getMyDescription: language_code
setMyShortDescription: short_description language_code
getMyShortDescription: language_code
setChatMenuButton: chat_id:int menu_button:MenuButton
getChatMenuButton: chat_id:int
setMyDefaultAdministratorRights: rights:ChatAdministratorRights for_channels:bool
getMyDefaultAdministratorRights: for_channels:bool
"""

#: Methods that exist at Telegram and are not played: they are refused by name.
NOT_PLAYED = """
answerChatJoinRequestQuery answerGuestQuery answerInlineQuery answerPreCheckoutQuery answerShippingQuery
answerWebAppQuery approveChatJoinRequest approveSuggestedPost banChatMember banChatSenderChat
closeForumTopic closeGeneralForumTopic convertGiftToStars createChatInviteLink
createChatSubscriptionInviteLink createForumTopic createInvoiceLink declineChatJoinRequest
declineSuggestedPost deleteAllMessageReactions deleteBusinessMessages deleteChatPhoto deleteChatStickerSet
deleteEphemeralMessage deleteForumTopic deleteMessageReaction deleteStory editChatInviteLink
editChatSubscriptionInviteLink editEphemeralMessageCaption editEphemeralMessageMedia
editEphemeralMessageReplyMarkup editEphemeralMessageText editForumTopic editGeneralForumTopic
editMessageChecklist editStory editUserStarSubscription exportChatInviteLink getAvailableGifts
getBusinessAccountGifts getBusinessAccountStarBalance getBusinessConnection getChatGifts
getForumTopicIconStickers getGameHighScores getManagedBotAccessSettings getManagedBotToken getMyStarBalance
getStarTransactions getUserChatBoosts getUserGifts getUserPersonalChatMessages getUserProfileAudios
giftPremiumSubscription hideGeneralForumTopic postStory promoteChatMember readBusinessMessage
refundStarPayment removeBusinessAccountProfilePhoto removeChatVerification removeMyProfilePhoto
removeUserVerification reopenForumTopic reopenGeneralForumTopic replaceManagedBotToken replaceStickerInSet
repostStory restrictChatMember revokeChatInviteLink savePreparedInlineMessage savePreparedKeyboardButton
sendChatJoinRequestWebApp sendChecklist sendGame sendGift sendInvoice sendMessageDraft sendPaidMedia
sendRichMessage sendRichMessageDraft setBusinessAccountBio setBusinessAccountGiftSettings
setBusinessAccountName setBusinessAccountProfilePhoto setBusinessAccountUsername
setChatAdministratorCustomTitle setChatDescription setChatMemberTag setChatPermissions setChatPhoto
setChatStickerSet setChatTitle setCustomEmojiStickerSetThumbnail setGameScore setManagedBotAccessSettings
setMyProfilePhoto setPassportDataErrors setStickerEmojiList setStickerKeywords setStickerMaskPosition
setStickerPositionInSet setStickerSetThumbnail setStickerSetTitle setUserEmojiStatus
transferBusinessAccountStars transferGift unbanChatMember unbanChatSenderChat unhideGeneralForumTopic
unpinAllForumTopicMessages unpinAllGeneralForumTopicMessages upgradeGift verifyChat verifyUser
"""
