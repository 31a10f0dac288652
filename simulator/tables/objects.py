"""Which fields the objects inside a call take; see `methods` for how a line is read.

`=word` after a field's name says that it has just this value: it tells the kinds of one union apart.
"""

OBJECTS = """
User: id!:int is_bot:bool first_name last_name username language_code is_premium:bool
    added_to_attachment_menu:bool can_join_groups:bool can_read_all_group_messages:bool
    supports_inline_queries:bool can_connect_to_business:bool has_main_web_app:bool
MessageEntity: type! offset!:int length!:int url user:User language custom_emoji_id unix_time:int
    date_time_format
LinkPreviewOptions: is_disabled:bool url prefer_small_media:bool prefer_large_media:bool
    show_above_text:bool
ReplyParameters: message_id:int chat_id:chat allow_sending_without_reply:bool quote quote_parse_mode
    quote_entities:[MessageEntity] quote_position:int checklist_task_id:int poll_option_id
    ephemeral_message_id:int
SuggestedPostParameters: price:SuggestedPostPrice send_date:int
SuggestedPostPrice: currency! amount!:int
EphemeralMessageParameters: receiver_user_id!:int callback_query_id replace_callback_query_message:bool
InlineKeyboardMarkup: inline_keyboard!:[[InlineKeyboardButton]] force_reply:bool
InlineKeyboardButton: text! icon_custom_emoji_id style url callback_data web_app:WebAppInfo
    login_url:LoginUrl switch_inline_query switch_inline_query_current_chat
    switch_inline_query_chosen_chat:SwitchInlineQueryChosenChat copy_text:CopyTextButton
    callback_game:CallbackGame pay:bool disabled:DisabledButton
ReplyKeyboardMarkup: keyboard!:[[KeyboardButton]] is_persistent:bool resize_keyboard:bool
    one_time_keyboard:bool input_field_placeholder selective:bool force_reply:bool
KeyboardButton: text! icon_custom_emoji_id style request_users:KeyboardButtonRequestUsers
    request_chat:KeyboardButtonRequestChat request_managed_bot:KeyboardButtonRequestManagedBot
    request_contact:bool request_location:bool request_poll:KeyboardButtonPollType web_app:WebAppInfo
    request_user:KeyboardButtonRequestUser
ReplyKeyboardRemove: remove_keyboard!:bool selective:bool
ForceReply: force_reply!:bool input_field_placeholder selective:bool
WebAppInfo: url!
LoginUrl: url! forward_text bot_username request_write_access:bool
SwitchInlineQueryChosenChat: query allow_user_chats:bool allow_bot_chats:bool allow_group_chats:bool
    allow_channel_chats:bool
CopyTextButton: text!
CallbackGame:
DisabledButton:
KeyboardButtonRequestUser: request_id!:int user_is_bot:bool user_is_premium:bool
KeyboardButtonRequestUsers: request_id!:int user_is_bot:bool user_is_premium:bool max_quantity:int
    request_name:bool request_username:bool request_photo:bool
KeyboardButtonRequestChat: request_id!:int chat_is_channel!:bool chat_is_forum:bool chat_has_username:bool
    chat_is_created:bool user_administrator_rights:ChatAdministratorRights
    bot_administrator_rights:ChatAdministratorRights bot_is_member:bool request_title:bool
    request_username:bool request_photo:bool
KeyboardButtonRequestManagedBot: request_id!:int suggested_name suggested_username
KeyboardButtonPollType: type
ChatAdministratorRights: is_anonymous!:bool can_manage_chat!:bool can_delete_messages!:bool
    can_manage_video_chats!:bool can_restrict_members!:bool can_promote_members!:bool can_change_info!:bool
    can_invite_users!:bool can_post_stories!:bool can_edit_stories!:bool can_delete_stories!:bool
    can_send_welcome_messages!:bool can_post_messages:bool can_edit_messages:bool can_pin_messages:bool
    can_manage_topics:bool can_manage_direct_messages:bool can_manage_tags:bool
ReactionTypeEmoji: type!:=emoji emoji!
ReactionTypeCustomEmoji: type!:=custom_emoji custom_emoji_id!
ReactionTypePaid: type!:=paid
InputMediaPhoto: type!:=photo media!:file caption parse_mode caption_entities:[MessageEntity]
    show_caption_above_media:bool has_spoiler:bool
InputMediaVideo: type!:=video media!:file thumbnail:file cover:file start_timestamp:int caption parse_mode
    caption_entities:[MessageEntity] show_caption_above_media:bool width:int height:int duration:int
    supports_streaming:bool has_spoiler:bool
InputMediaAnimation: type!:=animation media!:file thumbnail:file caption parse_mode
    caption_entities:[MessageEntity] show_caption_above_media:bool width:int height:int duration:int
    has_spoiler:bool
InputMediaAudio: type!:=audio media!:file thumbnail:file caption parse_mode caption_entities:[MessageEntity]
    duration:int performer title
InputMediaDocument: type!:=document media!:file thumbnail:file caption parse_mode
    caption_entities:[MessageEntity] disable_content_type_detection:bool
InputMediaLivePhoto: type!:=live_photo media! photo! caption parse_mode caption_entities:[MessageEntity]
    show_caption_above_media:bool has_spoiler:bool
InputMediaLink: type!:=link url!
InputMediaLocation: type!:=location latitude!:float longitude!:float horizontal_accuracy:float
InputMediaVenue: type!:=venue latitude!:float longitude!:float title! address! foursquare_id foursquare_type
    google_place_id google_place_type
InputMediaSticker: type!:=sticker media! emoji
InputPollOption: text! text_parse_mode text_entities:[MessageEntity] media:InputMedia
InputSticker: sticker!:file format! emoji_list!:[str] mask_position:MaskPosition keywords:[str]
MaskPosition: point! x_shift!:float y_shift!:float scale!:float
BotCommand: command! description! is_ephemeral:bool
BotCommandScopeDefault: type!:=default
BotCommandScopeAllPrivateChats: type!:=all_private_chats
BotCommandScopeAllGroupChats: type!:=all_group_chats
BotCommandScopeAllChatAdministrators: type!:=all_chat_administrators
BotCommandScopeChat: type!:=chat chat_id!:chat
BotCommandScopeChatAdministrators: type!:=chat_administrators chat_id!:chat
BotCommandScopeChatMember: type!:=chat_member chat_id!:chat user_id!:int
MenuButtonCommands: type!:=commands text web_app:WebAppInfo
MenuButtonWebApp: type!:=web_app text! web_app!:WebAppInfo
MenuButtonDefault: type!:=default text web_app:WebAppInfo
InputRichMessage: html markdown is_rtl:bool skip_entity_detection:bool blocks:[any] media:[any]
"""

#: Unions whose kind is told by the field `type`: its values are found in the objects named here.
UNIONS = """
ReactionType: ReactionTypeEmoji ReactionTypeCustomEmoji ReactionTypePaid
InputMedia: InputMediaPhoto InputMediaVideo InputMediaAnimation InputMediaAudio InputMediaDocument
    InputMediaLivePhoto InputMediaLink InputMediaLocation InputMediaVenue InputMediaSticker
BotCommandScope: BotCommandScopeDefault BotCommandScopeAllPrivateChats BotCommandScopeAllGroupChats
    BotCommandScopeAllChatAdministrators BotCommandScopeChat BotCommandScopeChatAdministrators
    BotCommandScopeChatMember
MenuButton: MenuButtonCommands MenuButtonWebApp MenuButtonDefault
"""

#: Unions whose kind is told by the field that is there.
KEYED_UNIONS = """
ReplyMarkup: inline_keyboard:InlineKeyboardMarkup keyboard:ReplyKeyboardMarkup
    remove_keyboard:ReplyKeyboardRemove force_reply:ForceReply
"""
