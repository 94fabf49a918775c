"""The Try page: whom one chats with, and the lead beside the chat."""
