"""The approval portal: access requests for BI resources, approved in DingTalk OA."""
