resource "aws_neptune_cluster" "this" {
  cluster_identifier = "graph"
  engine             = "neptune"
}

resource "aws_neptune_cluster_instance" "this" {
  cluster_identifier  = aws_neptune_cluster.this.id
  engine              = "neptune"
  instance_class      = "db.serverless"
  publicly_accessible = true
}
