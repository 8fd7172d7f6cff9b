"""
Scenarios of openai-python.e2e.spec.ts. Reads a list of them as JSON from standard input and prints what the
unmodified SDK gave for each. One process for all: importing the SDK takes a second.
"""

import asyncio
import json
import sys

import openai

hello = [{"role": "user", "content": "Hello"}]
weather = [{"role": "user", "content": "What is the weather?"}]
tools = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]


def chat(client, model):
    reply = client.chat.completions.create(model=model, messages=hello)
    return {
        "content": reply.choices[0].message.content,
        "total_tokens": reply.usage.total_tokens,
        "request_id": reply._request_id,
    }


def stream(client, model, **options):
    content, usage = "", None
    for part in client.chat.completions.create(model=model, messages=hello, stream=True, **options):
        if part.choices:
            content += part.choices[0].delta.content or ""
        if part.usage:
            usage = part.usage.total_tokens
    return {"content": content, "usage": usage}


def tool_loop(client, model):
    first = client.chat.completions.create(model=model, messages=weather, tools=tools).choices[0].message
    call = first.tool_calls[0]
    result = {"role": "tool", "tool_call_id": call.id, "content": "21"}
    last = client.chat.completions.create(model=model, messages=[*weather, first, result], tools=tools)
    return {"arguments": json.loads(call.function.arguments), "content": last.choices[0].message.content}


def streamed_tools(client, model):
    with client.chat.completions.stream(model=model, messages=weather, tools=tools) as events:
        for _ in events:
            pass
        call = events.get_final_completion().choices[0].message.tool_calls[0]
    return {"name": call.function.name, "arguments": json.loads(call.function.arguments)}


async def asynchronous(client, model):
    async with openai.AsyncOpenAI(base_url=client.base_url, api_key=client.api_key, max_retries=0) as several:
        calls = [several.chat.completions.create(model=model, messages=hello) for _ in range(3)]
        return [reply.choices[0].message.content for reply in await asyncio.gather(*calls)]


def everything(client, model):
    one = client.models.retrieve(model)
    return {
        "chat": chat(client, model),
        "stream": stream(client, model),
        "stream_with_usage": stream(client, model, stream_options={"include_usage": True}),
        "tools": tool_loop(client, model),
        "streamed_tools": streamed_tools(client, model),
        "models": [listed.id for listed in client.models.list()],
        "model": {"id": one.id, "owned_by": one.owned_by},
        "asynchronous": asyncio.run(asynchronous(client, model)),
    }


def bad_request(client, model):
    return client.chat.completions.create(model=model, messages=hello, extra_body={"stream": "yes"})


def cut(client, model):
    read = []
    try:
        for part in client.chat.completions.create(model=model, messages=hello, stream=True):
            read.append(part.choices[0].delta.content)
    except openai.APIError as error:
        return {"error": type(error).__name__, "code": error.code, "message": error.message, "read": read}


scenarios = {"everything": everything, "chat": chat, "bad_request": bad_request, "cut": cut}


def run(scenario):
    client = openai.OpenAI(base_url=scenario["base_url"], api_key=scenario["key"], max_retries=0)
    try:
        return scenarios[scenario["name"]](client, scenario["model"])
    except openai.APIStatusError as error:
        return {
            "error": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "type": error.type,
            "message": error.message,
            "request_id": error.request_id,
            "retry_after": error.response.headers.get("retry-after"),
        }


print(json.dumps([run(scenario) for scenario in json.load(sys.stdin)]))
