// Telegraf: https://telegraf.js.org
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { Input, Markup, Telegraf, TelegramError } = createRequire(process.env.MODULES)("telegraf");
const { API, TOKEN, MODE, PORT, SECRET, PICTURE } = process.env;
const bot = new Telegraf(TOKEN, { telegram: { apiRoot: API } });

bot.hears("upload", (ctx) => ctx.replyWithPhoto(Input.fromBuffer(Buffer.from(PICTURE, "base64"), "p.png"), { caption: "uploaded" }));
bot.hears("buttons", (ctx) => ctx.reply("press", Markup.inlineKeyboard([Markup.button.callback("Press", "p")])));
bot.action("p", async (ctx) => {
  await ctx.answerCbQuery("pressed");
  await ctx.editMessageText("pressed");
});
bot.hears("flood", async (ctx) => {
  try {
    await ctx.reply("flooded");
  } catch (error) {
    if (!(error instanceof TelegramError) || error.code !== 429) throw error;
    const seconds = error.parameters.retry_after;
    await new Promise((done) => setTimeout(done, seconds * 1000));
    await ctx.reply(`told to wait ${seconds}`);
  }
});
bot.on("photo", async (ctx) => {
  const id = ctx.message.photo.at(-1).file_id;
  const link = await ctx.telegram.getFileLink(id);
  const bytes = await (await fetch(link)).arrayBuffer();
  await ctx.replyWithPhoto(id, { caption: `got ${bytes.byteLength}` });
});
bot.on("text", (ctx) =>
  ctx.reply(`<b>echo</b>: ${ctx.message.text}`, { parse_mode: "HTML", reply_parameters: { message_id: ctx.message.message_id } }),
);
bot.catch((error) => console.error(error));

if (MODE === "webhook") {
  bot.botInfo = await bot.telegram.getMe();
  const handle = bot.webhookCallback("/hook", { secretToken: SECRET });
  createServer(handle).listen(Number(PORT), "127.0.0.1", () =>
    bot.telegram.setWebhook(`http://127.0.0.1:${PORT}/hook`, { secret_token: SECRET }),
  );
} else {
  bot.launch();
}
