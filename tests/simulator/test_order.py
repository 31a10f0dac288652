"""In which order two calls that are under way at once are done."""

import asyncio

import aiohttp

from simulator.app import Options, running
from tests.simulator.stage import until


async def test_a_text_overtakes_a_file_that_is_under_way_to_the_same_chat() -> None:
    async with running(Options(port=0, bots=1, page=False, media_lag=0.3)) as simulator:
        world = simulator.world
        (bot,) = world.bots.values()
        person = world.people.create("Ada")
        world.people.open(person, bot)
        async with aiohttp.ClientSession() as session:

            async def call(method: str, **params: object) -> None:
                url = f"{simulator.url}/bot{bot.token}/{method}"
                async with session.post(url, json={"chat_id": person.id, **params}) as response:
                    assert response.status == 200, await response.text()

            photo = world.files.id_for(bot.id, world.media.made_up("photo", 500).file)
            file = asyncio.create_task(call("sendPhoto", photo=photo))
            await until(lambda: simulator.judge.record(bot.id).weighed == 1)
            await call("sendMessage", text="second")
            await file
        shown = [one for one in world.people.view(person, bot) if one.author is bot]
        assert [one.attachment is not None for one in shown] == [False, True]
