resource "aws_sns_topic" "this" {
    name = "alerts"
  display_name = "Alerts"
  tags = {
    team = "data" 
  }
}
