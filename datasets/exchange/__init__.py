"""Other tools' formats: YOLO, COCO and CVAT, out and in."""
