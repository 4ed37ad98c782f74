"""The approval portal: access requests for BI resources, approved in DingTalk OA.

Nothing is imported here: the sandbox and the DingTalk client live in this package too and stay light.
"""
