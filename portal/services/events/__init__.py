"""What DingTalk tells the portal: taken in by any road, sorted, looked after."""
