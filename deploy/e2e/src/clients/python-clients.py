"""
Conversations of Python's clients, for python.clients.spec.ts. The client's name is the argument; the origin of the
gateway, a virtual key and a model come as JSON from standard input; what came of it is printed as JSON.
"""

import json
import sys


def get_weather(city: str) -> str:
    """The weather of a city."""
    cities.append(city)
    return json.dumps({"degrees": 21})


cities = []


def anthropic_sdk(url, key, model):
    import anthropic

    client = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)
    limits = {"model": model, "max_tokens": 500}
    hello = [{"role": "user", "content": "Hello"}]
    said = client.messages.create(messages=hello, **limits).content[0].text
    with client.messages.stream(messages=hello, **limits) as stream:
        streamed = "".join(stream.text_stream)
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tools = [{"name": "get_weather", "description": "The weather of a city.", "input_schema": schema}]
    turns = [{"role": "user", "content": "What is the weather?"}]
    reply = client.messages.create(messages=turns, tools=tools, **limits)
    calls = [block for block in reply.content if block.type == "tool_use"]
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": get_weather(**call.input)} for call in calls
    ]
    turns += [{"role": "assistant", "content": reply.content}, {"role": "user", "content": results}]
    answer = client.messages.create(messages=turns, tools=tools, **limits).content[0].text
    counted = client.messages.count_tokens(model=model, messages=hello).input_tokens
    return {"said": said, "streamed": streamed, "answer": answer, "counted": counted}


def langchain(chat):
    from langchain_core.messages import HumanMessage
    from langchain_core.tools import tool

    hello = [HumanMessage("Hello")]
    said = chat.invoke(hello).text
    streamed = "".join(part.text for part in chat.stream(hello))
    weather = tool(get_weather)
    model = chat.bind_tools([weather])
    turns = [HumanMessage("What is the weather?")]
    reply = model.invoke(turns)
    turns += [reply, *(weather.invoke(call) for call in reply.tool_calls)]
    return {"said": said, "streamed": streamed, "answer": model.invoke(turns).text}


def langchain_openai(url, key, model):
    from langchain_openai import ChatOpenAI

    return langchain(ChatOpenAI(model=model, api_key=key, base_url=f"{url}/v1", max_retries=0))


def langchain_anthropic(url, key, model):
    from langchain_anthropic import ChatAnthropic

    return langchain(ChatAnthropic(model=model, api_key=key, base_url=url, max_tokens=500, max_retries=0))


def llama_index(chat):
    from llama_index.core.llms import ChatMessage
    from llama_index.core.tools import FunctionTool

    hello = [ChatMessage(role="user", content="Hello")]
    said = chat.chat(hello).message.content
    streamed = "".join(part.delta or "" for part in chat.stream_chat(hello))
    weather = FunctionTool.from_defaults(get_weather)
    turns = [ChatMessage(role="user", content="What is the weather?")]
    reply = chat.chat_with_tools([weather], chat_history=turns, allow_parallel_tool_calls=True)
    turns.append(reply.message)
    for call in chat.get_tool_calls_from_response(reply):
        content = get_weather(**call.tool_kwargs)
        turns.append(ChatMessage(role="tool", content=content, additional_kwargs={"tool_call_id": call.tool_id}))
    answer = chat.chat_with_tools([weather], chat_history=turns, allow_parallel_tool_calls=True)
    return {"said": said, "streamed": streamed, "answer": answer.message.content}


def llama_index_openai(url, key, model):
    from llama_index.llms.openai_like import OpenAILike

    options = {"is_chat_model": True, "is_function_calling_model": True, "max_retries": 0}
    return llama_index(OpenAILike(model=model, api_key=key, api_base=f"{url}/v1", **options))


def llama_index_anthropic(url, key, model):
    from llama_index.llms.anthropic import Anthropic

    return llama_index(Anthropic(model=model, api_key=key, base_url=url, max_tokens=500, max_retries=0))


def llm(url, key, model):
    from llm.default_plugins.openai_models import Chat

    chat = Chat(model, model_name=model, api_base=f"{url}/v1", supports_tools=True)
    chat.key = key
    said = chat.prompt("Hello", stream=False).text()
    streamed = "".join(chat.prompt("Hello", stream=True))
    answer = chat.chain("What is the weather?", tools=[get_weather], stream=False).text()
    return {"said": said, "streamed": streamed, "answer": answer}


clients = {
    "anthropic": anthropic_sdk,
    "langchain_openai": langchain_openai,
    "langchain_anthropic": langchain_anthropic,
    "llama_index_openai": llama_index_openai,
    "llama_index_anthropic": llama_index_anthropic,
    "llm": llm,
}

print(json.dumps({**clients[sys.argv[1]](**json.load(sys.stdin)), "cities": cities}))
