"""Uses a pol-node as a replacement for OpenAI's API, with nothing but `requests`. Needs a node: npm start."""

import os

import requests


class POLClient:
    def __init__(self, base_url=os.environ.get("POL_URL", "http://localhost:8080")):
        self.base_url = base_url

    def chat_completion(self, messages, max_tokens=100):
        response = requests.post(
            f"{self.base_url}/v1/chat/completions",
            json={
                "model": "pol-gpt",
                "messages": messages,
                "max_tokens": max_tokens,
            },
        )
        return response.json()


# Usage
client = POLClient()
response = client.chat_completion([
    {"role": "user", "content": "Explain quantum computing"}
])
print(response["choices"][0]["message"]["content"])

# Monitor training status
status = requests.get(f"{client.base_url}/api/v1/training/status").json()
print(f"Current Epoch: {status['current_epoch']}")
if status["current_loss"] is not None:
    print(f"Training Loss: {status['current_loss']:.4f}")
