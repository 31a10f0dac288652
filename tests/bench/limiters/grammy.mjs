// grammY with its throttler and auto-retry, as their documentation shows them. See README.md.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(process.env.MODULES);
const { Bot } = require("grammy");
const { apiThrottler } = require("@grammyjs/transformer-throttler");
const { autoRetry } = require("@grammyjs/auto-retry");

const [url, token, rate, list] = process.argv.slice(2);
const chats = list.split(",").map(Number);
const bot = new Bot(token, { client: { apiRoot: url } });
bot.api.config.use(apiThrottler());
bot.api.config.use(autoRetry());

const count = { done: 0, failed: 0 };
const lines = createInterface({ input: process.stdin });
let begun = false;

lines.on("line", (seconds) => {
  if (begun) return;
  begun = true;
  const start = performance.now();
  const all = Number(rate) * Number(seconds);
  let number = 0;
  const timer = setInterval(() => {
    const due = Math.min(all, ((performance.now() - start) / 1000) * Number(rate));
    for (; number < due; number++) {
      const place = number % chats.length;
      bot.api.sendMessage(chats[place], `#${place} ${Math.floor(number / chats.length)}`).then(
        () => count.done++,
        () => count.failed++,
      );
    }
    if (number >= all) clearInterval(timer);
  }, 5);
});
lines.on("close", () => {
  console.log(JSON.stringify(count));
  process.exit(0);
});
console.log("ready");
