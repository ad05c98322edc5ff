from django.urls import path

from portal.attention import views

app_name = "attention"
urlpatterns = [path("", views.attention, name="list")]
