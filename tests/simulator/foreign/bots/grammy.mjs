// grammY: https://grammy.dev
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { Bot, GrammyError, InlineKeyboard, InputFile, webhookCallback } = createRequire(process.env.MODULES)("grammy");
const { API, TOKEN, MODE, PORT, SECRET, PICTURE } = process.env;
const bot = new Bot(TOKEN, { client: { apiRoot: API } });

bot.hears("upload", (ctx) => ctx.replyWithPhoto(new InputFile(Buffer.from(PICTURE, "base64"), "p.png"), { caption: "uploaded" }));
bot.hears("buttons", (ctx) => ctx.reply("press", { reply_markup: new InlineKeyboard().text("Press", "p") }));
bot.callbackQuery("p", async (ctx) => {
  await ctx.answerCallbackQuery({ text: "pressed" });
  await ctx.editMessageText("pressed");
});
bot.hears("flood", async (ctx) => {
  try {
    await ctx.reply("flooded");
  } catch (error) {
    if (!(error instanceof GrammyError) || error.error_code !== 429) throw error;
    const seconds = error.parameters.retry_after;
    await new Promise((done) => setTimeout(done, seconds * 1000));
    await ctx.reply(`told to wait ${seconds}`);
  }
});
bot.on("message:photo", async (ctx) => {
  const file = await ctx.getFile();
  const bytes = await (await fetch(`${API}/file/bot${TOKEN}/${file.file_path}`)).arrayBuffer();
  await ctx.replyWithPhoto(file.file_id, { caption: `got ${bytes.byteLength}` });
});
bot.on("message:text", (ctx) =>
  ctx.reply(`<b>echo</b>: ${ctx.message.text}`, { parse_mode: "HTML", reply_parameters: { message_id: ctx.message.message_id } }),
);
bot.catch((error) => console.error(error));

if (MODE === "webhook") {
  await bot.init();
  const handle = webhookCallback(bot, "http", { secretToken: SECRET });
  createServer(handle).listen(Number(PORT), "127.0.0.1", () => bot.api.setWebhook(`http://127.0.0.1:${PORT}/`, { secret_token: SECRET }));
} else {
  bot.start();
}
