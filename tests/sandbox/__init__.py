"""The sandbox on the wire: faithful where DingTalk is documented, switchable where it is not."""
